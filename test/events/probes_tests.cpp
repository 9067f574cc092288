// Probes: that being told does no harm. That they are there is seen by readelf (probes).
#include "support/scratch.hpp"

#include <tenure/observers/probes.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

TEST_CASE("a manager whose events are probes works as any") {
  const tenure_test::scratch folder;
  tenure::manager<tenure::policy::final_close, tenure::departure_check::own_stack, tenure::event_probes>
      modules;
  CHECK(modules.open(folder.copy("basic")).symbol<int()>("answer")() == 42);
  CHECK(modules.final_close().size() == 1);
  CHECK(modules.stats().events == 5);
}
