// resident: the whole life cycle, but the pages stay.
#include "policies/fixture.hpp"

#include <tenure/policies/resident.hpp>

#include <doctest/doctest.h>

using resident_fixture = tenure_test::fixture<tenure::policy::resident>;
using tenure_test::outcome_of;

TEST_CASE("no release, sweep or final close unmaps, and the report says kept") {
  resident_fixture f;
  f.open_and_release(f.a);
  static_cast<void>(f.modules.sweep(tenure::duration(0)));
  CHECK(f.loaded(f.a));
  const auto report = f.modules.final_close();
  CHECK(outcome_of(report, f.a) == "kept");
  CHECK(!tenure_test::all_closed(report));
  CHECK(f.loaded(f.a));
  CHECK(f.modules.stats().closes == 0);
}

TEST_CASE("code that was kept stays callable after the manager's end") {
  int (*answer)() = nullptr;
  std::string file;
  {
    resident_fixture f;
    answer = f.modules.open(f.a).symbol<int()>("answer").get();
    file = f.a;
  }
  REQUIRE(tenure_test::is_mapped(file));
  CHECK(answer() == 42);
}

TEST_CASE("a module that was kept at a final close is used again without a load") {
  resident_fixture f;
  f.open_and_release(f.a);
  static_cast<void>(f.modules.final_close());
  const tenure::module again = f.modules.open(f.a);
  CHECK(again.symbol<int()>("answer")() == 42);
  CHECK(f.modules.stats().loads == 1);
}
