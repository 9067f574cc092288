// immediate: closes at the first safe point after the last release.
#include "policies/fixture.hpp"

#include <tenure/policies/immediate.hpp>

#include <doctest/doctest.h>

using immediate_fixture = tenure_test::fixture<tenure::policy::immediate>;

TEST_CASE("the last release closes this module, and no other") {
  immediate_fixture f;
  const tenure::module other = f.modules.open(f.b);
  tenure::module held = f.modules.open(f.a);
  const tenure::module copy = held;
  held.reset();
  CHECK(f.loaded(f.a));
  held = copy;
  CHECK(f.modules.stats().closes == 0);
  const_cast<tenure::module&>(copy).reset();
  CHECK(f.loaded(f.a));
  held.reset();
  CHECK(!f.loaded(f.a));
  CHECK(f.loaded(f.b));
}

TEST_CASE("each use after the last release is a new load") {
  immediate_fixture f;
  for (std::uint64_t i = 1; i != 6; ++i) {
    f.open_and_release(f.a);
    CHECK(f.modules.stats().loads == i);
    CHECK(f.modules.stats().closes == i);
  }
  CHECK(f.modules.stats().revives == 0);
}

TEST_CASE("nothing is ever due") {
  immediate_fixture f;
  f.open_and_release(f.a);
  CHECK(f.modules.next_due() == tenure::never);
}
