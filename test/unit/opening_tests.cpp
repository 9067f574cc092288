// Opening: from a name to a file. What is wrong with files is in bad_files_tests.cpp.
#include "support/mapped.hpp"
#include "support/scratch.hpp"
#include "support/utf8.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

using tenure_test::scratch;
namespace fs = std::filesystem;
using immediate = tenure::manager<tenure::policy::immediate>;

namespace {

class working_folder { // changed for a scope
public:
  explicit working_folder(const fs::path& folder)
      : before_(fs::current_path()) {
    fs::current_path(folder);
  }
  working_folder(const working_folder&) = delete;
  working_folder& operator=(const working_folder&) = delete;
  ~working_folder() { fs::current_path(before_); }

private:
  fs::path before_;
};

tenure::errc code_of_opening(auto& modules, tenure::path_view name) {
  tenure::failure why;
  CHECK(!modules.open(name, why));
  return why.code();
}

// By hand: the conversion of filesystem::path depends on the locale.
std::wstring wide_folder(const scratch& folder) {
  const std::string& narrow = folder.folder();
  return {narrow.begin(), narrow.end()};
}

std::string bare(const std::string& file) { // libbasic.so -> basic
  std::string name = fs::path(file).stem().string();
  return name.substr(0, 3) == "lib" ? name.substr(3) : name;
}

} // namespace

TEST_CASE("a bare name is decorated and found in the search path") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  immediate modules;
  modules.add_search_path(folder.folder());
  const tenure::module m = modules.open(bare(file));
  CHECK(m.path() == file);
  CHECK(modules.open(fs::path(file).filename().string()) == m);
}

TEST_CASE("the folders of the search path are tried in order") {
  const scratch first;
  const scratch second;
  const std::string in_second = second.copy("basic");
  immediate modules;
  modules.add_search_path(first.folder());
  modules.add_search_path(second.folder());
  CHECK(modules.open("basic").path() == in_second);
  const std::string in_first = first.copy("basic");
  CHECK(modules.open("basic").path() == in_first);
}

TEST_CASE("a search path that is relative means the folder of that moment") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  immediate modules;
  {
    const working_folder inside(folder.folder());
    modules.add_search_path(".");
  }
  CHECK(fs::equivalent(modules.open("basic").path(), file));
}

TEST_CASE("a path with a folder is taken as it is, and decorated only if it does not exist") {
  const scratch folder;
  const std::string decorated = folder.copy("basic");
  immediate modules;
  CHECK(modules.open(folder.path("basic")).path() == decorated);
  const std::string plain = folder.copy("second", "basic");
  CHECK(modules.open(folder.path("basic")).path() == plain);
}

TEST_CASE("a folder beside the module that has its bare name does not hide it") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  fs::create_directory(folder.path("basic"));
  immediate modules;
  CHECK(modules.open(folder.path("basic")).path() == file);
}

TEST_CASE("a bare name is never looked for in the current folder") {
  const scratch folder;
  const std::string file = folder.copy("basic", "tenure_only_here.so");
  const working_folder inside(folder.folder());
  immediate modules;
  CHECK(code_of_opening(modules, "tenure_only_here.so") == tenure::errc::file_not_found);
  CHECK(code_of_opening(modules, "tenure_only_here") == tenure::errc::file_not_found);
  CHECK(modules.open("./tenure_only_here.so").path() == file);
}

TEST_CASE("a relative path means another file after a change of the current folder") {
  const scratch one;
  const scratch other;
  const std::string in_one = one.copy("basic", "m.so");
  const std::string in_other = other.copy("other_code", "m.so");
  immediate modules;
  tenure::module first;
  {
    const working_folder inside(one.folder());
    first = modules.open("./m.so");
  }
  const working_folder inside(other.folder());
  const tenure::module second = modules.open("./m.so");
  CHECK(first.path() == in_one);
  CHECK(second.path() == in_other);
  CHECK(first.symbol<int()>("answer")() == 42);
  CHECK(second.symbol<int()>("answer")() == 43);
}

TEST_CASE("without the system's search a bare name is looked for in the search path alone") {
  tenure::manager_options options;
  options.system_search = false;
  immediate modules(options);
  tenure::failure why;
  CHECK(!modules.open("no_such_module", why));
  CHECK(why.code() == tenure::errc::file_not_found);
  CHECK(std::string(why.what()).find("search path is empty") != std::string::npos);
}

TEST_CASE("a failed search lists every place that was tried") {
  immediate modules;
  const scratch folder;
  modules.add_search_path(folder.path("x"));
  modules.add_search_path(folder.path("y"));
  tenure::failure why;
  CHECK(!modules.open("no_such_module", why));
  const std::string message = why.what();
  CHECK(message.find(folder.path("x")) != std::string::npos);
  CHECK(message.find(folder.path("y")) != std::string::npos);
  CHECK(message.find("the system's folders") != std::string::npos);
  CHECK(std::string(why.path()) == "no_such_module");
}

TEST_CASE("a failed search tells each place once") {
  immediate modules;
  const scratch folder;
  const std::string suffix = tenure_test::module_suffix();
  const std::string path = folder.path("no_such_module" + suffix);
  tenure::failure why;
  CHECK(!modules.open(path, why));
  CHECK(std::string(why.what()).find("looked for " + path + ", " + path) == std::string::npos);
  CHECK(std::string(why.what()).find("looked for " + path) != std::string::npos);
}

TEST_CASE("one module by symbolic link, hard link and detour") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  std::error_code no_links_here;
  fs::create_hard_link(file, folder.path("hard.so"), no_links_here);
  REQUIRE(!no_links_here);
  fs::create_symlink(file, folder.path("soft.so"), no_links_here);
  immediate modules;
  const tenure::module m = modules.open(file);
  CHECK(modules.open(folder.path("hard.so")) == m);
  if (!no_links_here) CHECK(modules.open(folder.path("soft.so")) == m); // Windows may forbid them
  fs::create_directory(folder.path("sub"));
  CHECK(modules.open((fs::path(folder.folder()) / "sub" / ".." / fs::path(file).filename()).string()) == m);
  CHECK(modules.stats().loads == 1);
}

TEST_CASE("a link that is opened first names the module, and the file is found to be it") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  fs::create_hard_link(file, folder.path("hard.so"));
  immediate modules;
  const tenure::module m = modules.open(folder.path("hard.so"));
  CHECK(modules.open(file) == m);
  CHECK(tenure_test::images_of(folder.path("hard.so")) + tenure_test::images_of(file) == 1);
}

TEST_CASE("a path may be a filesystem::path, a string, a view, or wide, u8 or UTF-16 text") {
  const scratch folder;
  const std::string file = folder.copy("basic", "m\xc3\xbcsli.so");
  immediate modules;
  const tenure::module m = modules.open(file);
  const fs::path path = tenure_test::path_of_utf8(file);
  CHECK(modules.open(path) == m);
  CHECK(modules.open(file.c_str()) == m);
  CHECK(modules.open(std::string_view(file)) == m);
  CHECK(modules.open(path.u8string()) == m);
  CHECK(modules.open(path.u16string()) == m);
  const std::wstring wide = wide_folder(folder) + L"/m\u00fcsli.so";
  CHECK(modules.open(wide) == m);
  CHECK(modules.open(wide.c_str()) == m);
}

TEST_CASE("characters beyond the basic plane survive the way from UTF-16, and broken pairs are refused") {
  const scratch folder;
  const std::string file = folder.copy("basic", "\xf0\x9f\x8e\xb5.so"); // U+1F3B5
  immediate modules;
  const tenure::module m = modules.open(file);
  CHECK(modules.open(tenure_test::path_of_utf8(file).u16string()) == m);
  CHECK(modules.open(wide_folder(folder) + L"/\U0001f3b5.so") == m);
  const char16_t lonely[] = {u'/', char16_t{0xd83c}, u'x', 0};
  CHECK(code_of_opening(modules, lonely) == tenure::errc::path_not_utf8);
}

TEST_CASE("an empty path, a NUL inside and a path of 10,000 characters are errors of their own") {
  immediate modules;
  CHECK(code_of_opening(modules, "") == tenure::errc::path_empty);
  CHECK(code_of_opening(modules, std::string()) == tenure::errc::path_empty);
  const scratch folder;
  const std::string hidden = folder.copy("basic") + std::string("\0tail", 5);
  CHECK(code_of_opening(modules, hidden) == tenure::errc::path_contains_nul);
  CHECK(code_of_opening(modules, std::string(10'000, 'x')) == tenure::errc::path_too_long);
  CHECK(code_of_opening(modules, "/" + std::string(10'000, 'x')) == tenure::errc::path_too_long);
  CHECK(code_of_opening(modules, "/" + std::string(1'000, 'x')) == tenure::errc::path_too_long);
  CHECK(modules.stats().resident == 0);
}

TEST_CASE("open_if_loaded finds active and idle modules, and never loads") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::final_close> modules;
  CHECK(!modules.open_if_loaded(file));
  CHECK(!modules.open_if_loaded(folder.path("absent")));
  CHECK(!tenure_test::is_mapped(file));
  tenure::module m = modules.open(file);
  CHECK(modules.open_if_loaded(file) == m);
  m.reset();
  CHECK(modules.open_if_loaded(file));
  CHECK(modules.stats().loads == 1);
}

TEST_CASE("no_load says not_loaded where there is nothing to share") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  immediate modules;
  tenure::failure why;
  CHECK(!modules.open(file, {.no_load = true}, why));
  CHECK(why.code() == tenure::errc::not_loaded);
  const tenure::module m = modules.open(file);
  CHECK(modules.open(file, {.no_load = true}) == m);
}
