// What stays mapped on Windows and why, replaced files, and modules that others loaded.
#include "os/windows_image.hpp"
#include "windows_support.hpp"

#include "os/os.hpp"

#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

using namespace tenure_test;

namespace {

using final_close = tenure::manager<tenure::policy::final_close>;

// A thread that does one thing, and ends only when it is told to.
class waiting_thread {
public:
  template <class Body>
  explicit waiting_thread(Body body)
      : thread_([this, body] {
        body();
        std::unique_lock lock(mutex_);
        done_ = true;
        changed_.notify_all();
        changed_.wait(lock, [this] { return ending_; });
      }) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
  }
  void end() {
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false, ending_ = false;
  std::thread thread_;
};

tenure::linger_reason only_reason(const tenure::unload_report& report) {
  REQUIRE(report.size() == 1);
  CHECK(report.begin()->outcome == tenure::unload_outcome::lingering);
  CHECK(std::string(report.begin()->detail) != "");
  return report.begin()->reason;
}

} // namespace

TEST_CASE("a module that somebody else has loaded too lingers, and is gone once they let go") {
  const work_folder folder;
  const fs::path file = folder.copy(common_module("basic"), "shared_with_others.dll");
  const HMODULE theirs = LoadLibraryW(file.c_str());
  REQUIRE(theirs != nullptr);
  final_close modules;
  CHECK(modules.open(file).native_handle() == theirs);
  CHECK(only_reason(modules.final_close()) == tenure::linger_reason::other_holder);
  FreeLibrary(theirs);
  CHECK(modules.sweep().all_gone());
  CHECK(modules.report().empty());
}

TEST_CASE("a module that a loaded one imports from lingers, and the report names that one") {
  const work_folder folder;
  const fs::path leaf = folder.copy(windows_module("leaf")), user = folder.copy(windows_module("user"));
  const HMODULE importer = LoadLibraryExW(user.c_str(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH);
  REQUIRE(importer != nullptr);
  final_close modules;
  CHECK(modules.open(leaf).symbol<int()>("leaf_value")() == 5);
  {
    const auto report = modules.final_close();
    CHECK(only_reason(report) == tenure::linger_reason::needed_by);
    CHECK(std::string(report.begin()->detail).find("user.dll") != std::string::npos);
  }
  FreeLibrary(importer);
  CHECK(modules.sweep().all_gone());
}

TEST_CASE("a thread_local with a destructor holds its module until its thread ends") {
  const work_folder folder;
  const fs::path file = folder.copy(windows_module("thread_bound"));
  final_close modules;
  tenure::module m = modules.open(file);
  int (*count_call)() = m.symbol<int()>("count_call").get();
  waiting_thread user([count_call] { CHECK(count_call() == 1); });
  m.reset();
  CHECK(only_reason(modules.final_close()) == tenure::linger_reason::tls_destructor_pending);
  CHECK(is_loaded(file));
  user.end();
  CHECK(modules.sweep().all_gone());
  CHECK(!is_loaded(file));
}

TEST_CASE("a file that was replaced while the old one is loaded gives the new code, and the report tells") {
  const work_folder folder;
  const fs::path file = folder.copy(common_module("basic"), "plugin.dll");
  immediate modules;
  const tenure::module old = modules.open(file);
  CHECK(old.symbol<int()>("answer")() == 42);
  fs::rename(file, folder.path() / "old.dll"); // a loaded file cannot be deleted, but renamed
  folder.copy(windows_module("leaf"), "plugin.dll");
  const tenure::module fresh = modules.open(file);
  CHECK(fresh != old);
  CHECK(fresh.symbol<int()>("leaf_value")() == 5);
  CHECK(old.symbol<int()>("answer")() == 42);
  std::size_t replaced = 0;
  for (const tenure::unload_entry& entry : modules.report()) replaced += entry.file_replaced ? 1 : 0;
  CHECK(replaced == 1);
}

TEST_CASE("when a file has been replaced more often than it has names, the open is refused: it never gives "
          "old code") {
  const work_folder folder;
  const fs::path file = folder.copy(common_module("basic"), "plugin.dll");
  immediate modules;
  std::vector<tenure::module> versions{modules.open(file)};
  std::string detour = utf8(folder.path()) + "\\";
  tenure::failure why;
  for (int version = 1; version != 10 && !why; ++version) {
    fs::rename(file, folder.path() / ("old-" + std::to_string(version) + ".dll"));
    folder.copy(common_module(version % 2 == 0 ? "basic" : "other_code"), "plugin.dll");
    detour += ".\\"; // a spelling that was not used before is looked up anew
    const tenure::module fresh = modules.open(detour + "plugin.dll", why);
    if (fresh) CHECK(fresh.symbol<int()>("answer")() == 42 + version % 2);
    versions.push_back(fresh);
  }
  CHECK(versions.size() > 2); // at least one new one
  CHECK(why.code() == tenure::errc::old_image_still_mapped);
  CHECK(versions.front().symbol<int()>("answer")() == 42);
}

TEST_CASE("two modules of one file name are told apart, also at one address") {
  const work_folder a, b;
  tenure::os::mapped_image image;
  std::string path;
  const HMODULE first = LoadLibraryW(a.copy(common_module("basic"), "one.dll").c_str());
  REQUIRE(tenure::os::describe(first, image, path));
  CHECK(tenure::os::is_mapped(image, path.c_str()));
  FreeLibrary(first);
  CHECK(!tenure::os::is_mapped(image, path.c_str()));
  for (const char* name : {"one.dll", "two.dll"}) {
    const HMODULE second = LoadLibraryW(b.copy(common_module("basic"), name).c_str());
    CHECK(!tenure::os::is_mapped(image, path.c_str())); // Wine loads it to the very same address
    FreeLibrary(second);
  }
}

TEST_CASE("a module that the system knows by another name of its file counts as mapped") {
  const work_folder folder;
  const fs::path file = folder.copy(common_module("basic"), "known.dll"), link = folder.path() / "linked.dll";
  fs::create_hard_link(file, link);
  tenure::os::mapped_image image;
  std::string path;
  const HMODULE module = LoadLibraryW(file.c_str());
  REQUIRE(tenure::os::describe(module, image, path));
  CHECK(tenure::os::is_mapped(image, utf8(link).c_str()));
  FreeLibrary(module);
}

TEST_CASE("the program itself is no module") {
  immediate modules;
  static int in_the_program = 0;
  std::error_code code;
  CHECK(!modules.containing(&in_the_program, code));
  CHECK(code == tenure::errc::no_module_at_address);
}

TEST_CASE("a module's memory is what its headers say: code is executable, and all lies inside") {
  tenure::os::mapped_image image;
  std::string path;
  const HMODULE kernel = GetModuleHandleW(L"kernel32.dll");
  REQUIRE(tenure::os::describe(kernel, image, path));
  CHECK(image.whole.begin == reinterpret_cast<std::uintptr_t>(kernel));
  CHECK(path.size() > std::string("kernel32.dll").size());
  REQUIRE(image.code_count != 0);
  for (std::size_t i = 0; i != image.code_count; ++i) {
    CHECK(image.code[i].begin >= image.whole.begin);
    CHECK(image.code[i].end <= image.whole.end);
  }
}

TEST_CASE("a handle that is not the loader's is refused, and one that is can be adopted") {
  const work_folder folder;
  const fs::path file = folder.copy(common_module("basic"), "adopted.dll");
  immediate modules;
  int here = 0;
  std::error_code code;
  CHECK(!modules.adopt(&here, code));
  CHECK(code == tenure::errc::foreign_handle);
  const HMODULE data = LoadLibraryExW(file.c_str(), nullptr, LOAD_LIBRARY_AS_DATAFILE);
  CHECK(!modules.adopt(data, code));
  CHECK(code == tenure::errc::foreign_handle);
  FreeLibrary(data);
  CHECK(modules.adopt(LoadLibraryW(file.c_str())).symbol<int()>("answer")() == 42);
  CHECK(!is_loaded(file));
}

TEST_CASE("open_if_loaded adds a reference to what others have loaded") {
  const work_folder folder;
  const fs::path file = folder.copy(common_module("basic"), "already_there.dll");
  immediate modules;
  CHECK(!modules.open_if_loaded(file));
  const HMODULE theirs = LoadLibraryW(file.c_str());
  {
    const tenure::module m = modules.open_if_loaded(file);
    CHECK(m.native_handle() == theirs);
    FreeLibrary(theirs);
    CHECK(m.symbol<int()>("answer")() == 42);
  }
  CHECK(!is_loaded(file));
}
