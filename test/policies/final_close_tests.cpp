// final_close: closes nothing before final_close().
#include "policies/fixture.hpp"

#include <tenure/policies/final_close.hpp>

#include <doctest/doctest.h>

using final_close_fixture = tenure_test::fixture<tenure::policy::final_close>;
using tenure_test::outcome_of;

TEST_CASE("neither releases nor sweeps close, final_close closes everything idle") {
  final_close_fixture f;
  for (int i = 0; i != 5; ++i)
    for (const std::string& file : {f.a, f.b, f.c}) f.open_and_release(file);
  CHECK(f.modules.sweep(tenure::duration(0)).empty());
  CHECK(f.modules.stats().loads == 3);
  CHECK(f.modules.stats().closes == 0);
  const auto report = f.modules.final_close();
  CHECK(tenure_test::all_closed(report));
  CHECK(report.size() == 3);
  for (const std::string& file : {f.a, f.b, f.c}) CHECK(!f.loaded(file));
}

TEST_CASE("idle modules are reported as kept by the policy until then") {
  final_close_fixture f;
  f.open_and_release(f.a);
  CHECK(outcome_of(f.modules.report(), f.a) == "idle");
  CHECK(f.modules.next_due() == tenure::never);
}
