// TENURE_DEFAULT_POLICY, set for this program by test/policies/meson.build.
#include "policies/fixture.hpp"

#include <tenure/manager.hpp>

#include <doctest/doctest.h>

#include <type_traits>

static_assert(std::is_same_v<tenure::manager<>::policy_type, tenure::policy::immediate>);

TEST_CASE("manager<> takes the policy that the compile definition names") {
  const tenure_test::scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<> modules;
  static_cast<void>(modules.open(file));
  CHECK(!tenure_test::is_loaded(modules, file));
}
