// One file under many names, and files that change.
#include "case.hpp"

#include <fcntl.h>
#include <fstream>
#include <unistd.h>

namespace misuse {
namespace {

// A function of its own: the bare pointers die with its frame.
template <class Module> [[gnu::noinline]] bool same_function(const Module& a, const Module& b) {
  return address_of<int()>(a, "answer") == address_of<int()>(b, "answer");
}

namespace fs = std::filesystem;

// The same file by another name is the same module.
template <class Rename> constexpr auto other_name(Rename) {
  return [](auto& way) {
    const std::string path = way.copy("plain", "libplain.so");
    auto first = way.open(path);
    auto second = way.open(Rename{}(way, path));
    expect(same_function(first, second), "both are one module");
    expect(first == second, "both handles are equal");
    first.reset();
    second.reset();
    return way.let_go("libplain.so");
  };
}

constexpr auto symbolic_link = other_name([](auto& way, const std::string& path) {
  fs::create_symlink(path, way.scratch("link.so"));
  return way.scratch("link.so");
});
constexpr auto hard_link = other_name([](auto& way, const std::string& path) {
  fs::create_hard_link(path, way.scratch("link.so"));
  return way.scratch("link.so");
});
constexpr auto relative = other_name([](auto& way, const std::string&) {
  fs::current_path(way.scratch(""));
  return std::string("./libplain.so");
});
constexpr auto dotted = other_name([](auto& way, const std::string&) {
  fs::create_directory(way.scratch("x"));
  return way.scratch("x/../libplain.so");
});
constexpr auto descriptor = other_name([](auto&, const std::string& path) {
  return "/proc/self/fd/" + std::to_string(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
});
constexpr auto many_slashes =
    other_name([](auto& way, const std::string&) { return way.scratch("//./libplain.so"); });

constexpr auto other_case = [](auto& way) {
  const std::string path = way.copy("plain", "libplain.so");
  return open_and_close(way, way.scratch("LIBPLAIN.SO"));
};

// A relative name means another file after a chdir.
constexpr auto other_folder = [](auto& way) {
  fs::create_directory(way.scratch("a"));
  fs::create_directory(way.scratch("b"));
  way.copy("plain", "a/libmoved.so");
  way.copy("new_code", "b/libmoved.so");
  fs::current_path(way.scratch("a"));
  auto first = way.open("./libmoved.so");
  fs::current_path(way.scratch("b"));
  auto second = way.open("./libmoved.so");
  expect(answer_of(second) == 43, "the name means the file in the new folder");
  first.reset();
  second.reset();
  const verdict v = way.let_go("a/libmoved.so");
  return v.is == fate::survives ? way.let_go("b/libmoved.so") : v;
};

constexpr auto replaced_while_loaded = [](auto& way) {
  const std::string path = way.copy("plain", "libplain.so");
  auto old = way.open(path);
  way.replace(path, "new_code");
  auto fresh = way.open(path);
  expect(answer_of(fresh) == 43, "the path gives the new code");
  expect(answer_of(old) == 42, "the old handle keeps the old code");
  old.reset();
  fresh.reset();
  return way.let_go("libplain.so");
};

constexpr auto replaced_after_close = [](auto& way) {
  const std::string path = way.copy("plain", "libplain.so");
  auto old = way.open(path);
  old.reset();
  way.replace(path, "new_code");
  auto fresh = way.open(path);
  expect(answer_of(fresh) == 43, "the path gives the new code");
  fresh.reset();
  return way.let_go("libplain.so");
};

constexpr auto deleted_while_loaded = [](auto& way) {
  const std::string path = way.copy("plain", "libplain.so");
  auto old = way.open(path);
  fs::remove(path);
  expect(answer_of(old) == 42, "the handle keeps the code");
  old.reset();
  const verdict v = way.let_go("libplain.so");
  return v.is == fate::survives ? open_and_close(way, path) : v;
};

// As cp does it: the same inode, other contents.
void overwrite(const std::string& path, std::size_t size) {
  std::ofstream out(path, std::ios::binary | (size == 0 ? std::ios::trunc : std::ios::in));
  out << std::string(size, '\0');
}

// Not inlined: an address that it leaves in its caller's frame would be a reference.
template <class Module>
[[gnu::noinline]] void call_changed(const Module& module, const std::string& path, bool truncate) {
  const auto answer = address_of<int()>(module, "answer");
  overwrite(path, truncate ? 0 : fs::file_size(path));
  expect(answer() == 42, "the function gives its answer");
}

template <bool Truncate>
constexpr auto changed_in_place = [](auto& way) {
  const std::string path = way.copy("plain", "libplain.so");
  auto module = way.open_apart(path);
  call_changed(module, path, Truncate);
  module.reset();
  return way.let_go("libplain.so");
};

} // namespace

case_table file_cases() {
  const auto same = [](const char* id, const char* claim, body run) {
    return test_case{id, claim, run, survives()};
  };
  return {
      same("a15a", "the same file by a symbolic link", symbolic_link),
      same("a15b", "the same file by a hard link", hard_link),
      same("a15c", "the same file by a relative path", relative),
      same("a15d", "the same file by x/../", dotted),
      same("a15e", "the same file by /proc/self/fd", descriptor),
      {"a15f", "the same name in other case", other_case, refuses("no such file")},
      same("a15g", "the same file with // and /./", many_slashes),
      same("a15h", "one relative name before and after chdir", other_folder),
      same("a16a", "a file is replaced while its module is loaded, and opened again", replaced_while_loaded),
      same("a16b", "a file is replaced after the close, and opened again", replaced_after_close),
      {"a16c", "a file is overwritten in place while its module is loaded", changed_in_place<false>,
       if_strict(survives(), dies())},
      {"a16d", "a file is truncated in place while its module is loaded", changed_in_place<true>,
       if_strict(survives(), dies())},
      {"a16e", "a file is deleted while its module is loaded, and opened after the close",
       deleted_while_loaded, refuses("no such file")},
  };
}

} // namespace misuse
