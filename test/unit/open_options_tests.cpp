// What the options of an open do, and which words of the system's loader end up in the error.
#include "support/closed.hpp"
#include "support/sanitizers.hpp"
#include "support/scratch.hpp"
#include "support/system_loader.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <ostream>
#include <string>

using tenure_test::is_loaded;
using tenure_test::is_mapped;
using tenure_test::scratch;
using immediate = tenure::manager<tenure::policy::immediate>;

TEST_CASE("bound at once, an undefined symbol is an error that names it, and nothing stays behind") {
  const scratch folder;
  const std::string file = folder.copy("consumer");
  immediate modules;
  tenure::failure why;
  CHECK(!modules.open(file, why));
  CHECK(why.code() == tenure::errc::undefined_symbol);
  CHECK(std::string(why.missing()) == "provided_value");
  CHECK(std::string(why.path()) == file);
  CHECK(std::string(why.call()) == "dlopen");
  CHECK(std::string(why.what()).find(why.system_text()) != std::string::npos);
  CHECK(!is_mapped(file));
  CHECK(modules.report().empty());
  CHECK(modules.stats().failures == 1);
}

TEST_CASE("bound lazily, the same module loads, and what it does define works") {
  const scratch folder;
  immediate modules;
  const tenure::module m = modules.open(folder.copy("consumer"), {.lazy = true});
  CHECK(m.symbol<int()>("answer")() == 42);
}

TEST_CASE("a global module serves the ones that are opened after it, a local one does not") {
  const scratch folder;
  const std::string consumer = folder.copy("consumer");
  const std::string provider = folder.copy("provider");
  immediate modules;
  {
    const tenure::module local = modules.open(provider);
    std::error_code code;
    CHECK(!modules.open(consumer, code));
    CHECK(code == tenure::errc::undefined_symbol);
  }
  const tenure::module global = modules.open(provider, {.global = true});
  const tenure::module served = modules.open(consumer);
  CHECK(served.symbol<int()>("ask_provider")() == 11);
}

TEST_CASE(
    "bound deeply, a module prefers its own symbol to a global one; a loader that cannot do it says so") {
  if (tenure_test::address_sanitizer || tenure_test::thread_sanitizer) return; // they refuse RTLD_DEEPBIND
  const scratch folder;
  const std::string chooser = folder.copy("chooser");
  immediate modules;
  const tenure::module global = modules.open(folder.copy("provider"), {.global = true});
  CHECK(modules.open(chooser).symbol<int()>("ask")() == 1);
  CHECK(!is_loaded(modules, chooser));
  if (!tenure_test::has_deep_binding) {
    std::error_code code;
    CHECK(!modules.open(chooser, {.deep_bind = true}, code));
    CHECK(code == tenure::errc::unsupported);
    return;
  }
  CHECK(modules.open(chooser, {.deep_bind = true}).symbol<int()>("ask")() == 2);
}

TEST_CASE("a missing dependency is an error that names the library") {
  const scratch folder;
  const std::string file = folder.copy("dependent"); // without what it is linked with
  immediate modules;
  tenure::failure why;
  CHECK(!modules.open(file, why));
  CHECK(why.code() == tenure::errc::missing_dependency);
  CHECK(std::string(why.missing()).find("needed") != std::string::npos);
  CHECK(std::string(why.what()).find(why.missing()) != std::string::npos);
  CHECK(!is_mapped(file));
}

TEST_CASE("a dependency that is there is loaded, and goes with its module") {
  immediate modules;
  const std::string needed = tenure_test::module_dir() + "/apart/libneeded.so";
  {
    const tenure::module m = modules.open(tenure_test::module_file("dependent"));
    CHECK(m.symbol<int()>("answer")() == 42);
  }
  CHECK(!is_loaded(modules, tenure_test::module_file("dependent")));
  CHECK(tenure_test::is_gone(needed));
}

TEST_CASE("options of a later open do not load a second image") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  immediate modules;
  const tenure::module m = modules.open(file);
  CHECK(modules.open(file, {.lazy = true, .global = true}) == m);
  CHECK(modules.stats().loads == 1);
}
