// Where Windows' loader is allowed to look, and what a failed load tells.
#include "os/windows_search.hpp"
#include "windows_support.hpp"

#include <doctest/doctest.h>

#include <ostream>

using namespace tenure_test;

namespace {

// For one scope: one more folder at the end of PATH.
class longer_path {
public:
  explicit longer_path(const fs::path& folder)
      : before_(32'767, L'\0') {
    before_.resize(GetEnvironmentVariableW(L"PATH", before_.data(), static_cast<DWORD>(before_.size())));
    SetEnvironmentVariableW(L"PATH", (before_ + L";" + folder.wstring()).c_str());
  }
  ~longer_path() { SetEnvironmentVariableW(L"PATH", before_.c_str()); }

private:
  std::wstring before_;
};

tenure::failure failure_of(tenure::path_view path, tenure::open_options options = {},
                           tenure::file_check check = tenure::file_check::headers) {
  tenure::manager_options manager;
  manager.check = check;
  immediate modules(manager);
  tenure::failure why;
  CHECK(!modules.open(path, options, why));
  CHECK(modules.report().empty());
  return why;
}

} // namespace

TEST_CASE("a missing dependency is named") {
  const work_folder folder;
  const tenure::failure why = failure_of(folder.copy(windows_module("user")));
  CHECK(why.code() == tenure::errc::missing_dependency);
  CHECK(std::string(why.missing()) == "leaf.dll");
  CHECK(std::string(why.what()).find("leaf.dll") != std::string::npos);
  CHECK(std::string(why.call()) == "LoadLibraryExW");
  CHECK(why.system_code() == ERROR_MOD_NOT_FOUND);
  CHECK(is_clean_text(why.system_text()));
}

TEST_CASE("a dependency in the module's own folder is found, and goes with it") {
  const work_folder folder;
  folder.copy(windows_module("leaf"));
  {
    immediate modules;
    CHECK(modules.open(folder.copy(windows_module("user"))).symbol<int()>("user_value")() == 6);
  }
  CHECK(!is_loaded(folder.path() / "leaf.dll"));
}

TEST_CASE("a dependency is looked for in the current folder and in PATH only by legacy_search") {
  const work_folder modules_folder, elsewhere;
  const fs::path user = modules_folder.copy(windows_module("user"));
  elsewhere.copy(windows_module("leaf"));
  {
    const current_folder here(elsewhere.path());
    CHECK(failure_of(user).code() == tenure::errc::missing_dependency);
  }
  const longer_path path(elsewhere.path());
  CHECK(failure_of(user).code() == tenure::errc::missing_dependency);
  tenure::open_options options;
  options.legacy_search = true;
  immediate modules;
  CHECK(modules.open(user, options).symbol<int()>("user_value")() == 6);
}

TEST_CASE("with legacy_search, too, the dependency that is nowhere is named") {
  const work_folder folder;
  tenure::open_options options;
  options.legacy_search = true;
  const tenure::failure why = failure_of(folder.copy(windows_module("user")), options);
  CHECK(why.code() == tenure::errc::missing_dependency);
  CHECK(std::string(why.missing()) == "leaf.dll");
}

TEST_CASE("a bare name is never looked for in the current folder nor in PATH") {
  const work_folder folder;
  folder.copy(common_module("basic"), "only_here.dll");
  const current_folder here(folder.path());
  const longer_path path(folder.path());
  for (const char* name : {"only_here", "only_here.dll"}) {
    const tenure::failure why = failure_of(name);
    CHECK(why.code() == tenure::errc::file_not_found);
    CHECK(std::string(why.what()).find("only_here.dll") != std::string::npos);
    tenure::open_options options;
    options.legacy_search = true;
    CHECK(failure_of(name, options).code() == tenure::errc::file_not_found);
  }
  immediate modules;
  CHECK(modules.open("./only_here"));
  CHECK(modules.open(".\\only_here.dll"));
}

TEST_CASE("a bare name is found in the system's folder, and not where the system's search is off") {
  REQUIRE(!is_loaded("mlang.dll"));
  {
    immediate modules;
    const tenure::module m = modules.open("mlang");
    CHECK(m.symbol<void()>("DllCanUnloadNow"));
    CHECK(modules.open("MLANG.dll") == m);
  }
  CHECK(!is_loaded("mlang.dll"));
  tenure::manager_options options;
  options.system_search = false;
  immediate modules(options);
  tenure::failure why;
  CHECK(!modules.open("mlang", why));
  CHECK(why.code() == tenure::errc::file_not_found);
}

TEST_CASE("a file that is no DLL is an error with the system's words, whether we look at it first or not") {
  const work_folder folder;
  const fs::path text = folder.write("text.dll", "This is not a library.\n");
  CHECK(failure_of(text).code() == tenure::errc::not_a_shared_library);
  const tenure::failure why = failure_of(text, {}, tenure::file_check::none);
  CHECK(why.code() == tenure::errc::foreign_machine);
  CHECK(why.system_code() == ERROR_BAD_EXE_FORMAT);
  CHECK(is_clean_text(why.system_text()));
  CHECK(std::string(why.system_text()).find("%1") == std::string::npos);
  CHECK(failure_of(folder.path()).code() == tenure::errc::not_a_regular_file);
  CHECK(failure_of(folder.path() / "none.dll").code() == tenure::errc::file_not_found);
}

TEST_CASE("a module whose DllMain says no has refused to be loaded, and is gone") {
  const work_folder folder;
  const fs::path file = folder.copy(windows_module("refusing"));
  const tenure::failure why = failure_of(file);
  CHECK(why.code() == tenure::errc::refused_by_module);
  CHECK(why.system_code() == ERROR_DLL_INIT_FAILED);
  CHECK(is_clean_text(why.system_text()));
  CHECK(!is_loaded(file));
}

TEST_CASE(
    "a module whose initialiser throws is an error without its words, and other modules are untouched") {
  const work_folder folder;
  immediate modules;
  const tenure::module good = modules.open(folder.copy(common_module("basic")));
  tenure::failure why;
  CHECK(!modules.open(folder.copy(common_module("throwing")), why));
  CHECK(why.code() == tenure::errc::initializer_threw);
  CHECK(std::string(why.system_text()) == ""); // the loader has caught it
  CHECK(good.symbol<int()>("answer")() == 42);
  CHECK(modules.report().size() == 1);
}

TEST_CASE("a dependency that is no library is named, and a symbol that no dependency has") {
  const work_folder folder;
  const std::string user = utf8(folder.copy(windows_module("user")));
  folder.write("leaf.dll", "This is not a library.\n");
  CHECK(tenure::os::dependency_search(user, false).foreign_library() == "leaf.dll");
  CHECK(tenure::os::dependency_search(user, false).absent_library().empty());
  folder.copy(common_module("basic"), "leaf.dll");
  CHECK(tenure::os::dependency_search(user, false).undefined_symbol() == "leaf_value");
  folder.copy(windows_module("leaf"), "leaf.dll");
  CHECK(tenure::os::dependency_search(user, false).undefined_symbol().empty());
  CHECK(tenure::os::dependency_search(user, false).foreign_library().empty());
}

TEST_CASE("a missing symbol's error has the system's words") {
  immediate modules;
  const tenure::module m = modules.open(module_path("basic"));
  tenure::failure why;
  CHECK(!m.symbol<int()>("no_such_function", why));
  CHECK(why.code() == tenure::errc::symbol_not_found);
  CHECK(why.system_code() == ERROR_PROC_NOT_FOUND);
  CHECK(is_clean_text(why.system_text()));
}

TEST_CASE("deep binding is unsupported; lazy and global binding are accepted and change nothing") {
  tenure::open_options deep;
  deep.deep_bind = true;
  CHECK(failure_of(module_path("basic"), deep).code() == tenure::errc::unsupported);
  tenure::open_options options;
  options.lazy = options.global = true;
  immediate modules;
  CHECK(modules.open(module_path("basic"), options).symbol<int()>("answer")() == 42);
}

TEST_CASE("a failed load leaves the thread's error mode as it was") {
  DWORD before = 0;
  SetThreadErrorMode(SEM_NOGPFAULTERRORBOX, &before);
  failure_of("no_such_plugin");
  failure_of("C:\\no_such_plugin.dll");
  CHECK(GetThreadErrorMode() == SEM_NOGPFAULTERRORBOX);
  SetThreadErrorMode(before, nullptr);
}
