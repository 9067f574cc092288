// Modules with static thread-local storage go in the reverse order of their loading, or their room is lost.
#include "support/mapped.hpp"
#include "support/modules.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <string>

// As the build names it.
static bool is_mapped(const char* name) {
  return tenure_test::is_mapped(tenure_test::module_dir() + "/lib" + name + ".so");
}

namespace {

using immediate = tenure::manager<tenure::policy::immediate>;

tenure::module open(immediate& modules, const char* name) {
  return modules.open(tenure_test::module_path(name));
}

} // namespace

TEST_CASE("one that was loaded before another one waits for it, says so, and goes right after it") {
  immediate modules;
  tenure::module first = open(modules, "fixed_tls_a"), second = open(modules, "fixed_tls_b");
  CHECK(first.symbol<int()>("answer")() == 42);
  first.reset();
  CHECK(is_mapped("fixed_tls_a"));
  {
    const auto report = modules.report();
    REQUIRE(report.count(tenure::unload_outcome::deferred) == 1);
    for (const tenure::unload_entry& e : report)
      if (e.outcome == tenure::unload_outcome::deferred)
        CHECK(std::string(e.detail).find("loaded later") != std::string::npos);
  }
  second.reset();
  CHECK(!is_mapped("fixed_tls_b"));
  CHECK(!is_mapped("fixed_tls_a"));
}

TEST_CASE("it is opened again while it waits, as any idle module") {
  immediate modules;
  tenure::module first = open(modules, "fixed_tls_a"), second = open(modules, "fixed_tls_b");
  first.reset();
  first = open(modules, "fixed_tls_a");
  CHECK(modules.stats().loads == 2);
  second.reset();
  CHECK(!is_mapped("fixed_tls_b"));
  CHECK(first.symbol<int()>("answer")() == 42);
  first.reset();
  CHECK(!is_mapped("fixed_tls_a"));
}

TEST_CASE("a final close takes it all the same: everything idle must go") {
  immediate modules;
  tenure::module first = open(modules, "fixed_tls_a");
  const tenure::module second = open(modules, "fixed_tls_b");
  first.reset();
  CHECK(modules.final_close().count(tenure::unload_outcome::gone) == 1);
  CHECK(!is_mapped("fixed_tls_a"));
}

TEST_CASE("in whatever order they are let go, the room is never used up") {
  immediate modules;
  for (int round = 0; round != 100; ++round) {
    tenure::module first = open(modules, "fixed_tls_a"), second = open(modules, "fixed_tls_b");
    first.reset();
    second.reset();
  }
  CHECK(modules.stats().loads == 200);
}
