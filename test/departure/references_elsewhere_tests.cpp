// Where memory cannot be searched (references_none.cpp, which takes the place of the system's own here).
#include "os/references.hpp"

#include <doctest/doctest.h>

namespace os = tenure::os;

TEST_SUITE_BEGIN("departure: references");

TEST_CASE("where memory cannot be searched, nothing is known, and the answer says so") {
  const os::mapped_image image{{0x10000, 0x20000}};
  const auto baseline = os::reference_baseline::take(image);
  CHECK(!baseline.taken());
  CHECK(baseline.size() == 0);
  os::reference_place place;
  const auto result = os::find_references(image, baseline, {&place, 1});
  CHECK(!result.available);
  CHECK(result.count == 0);
}

TEST_CASE("a place reads the same on all systems") {
  os::reference_place place;
  place.offset = 0x1139;
  place.address = 0x5000;
  CHECK(os::describe(place) == "memory at 0x5000 -> image + 0x1139");
  place.kind = os::place_kind::heap;
  CHECK(os::describe(place) == "heap at 0x5000 -> image + 0x1139");
  place.block = {0x4ff0, 0x5008};
  CHECK(os::describe(place) == "heap block 0x4ff0, 24 bytes, at byte 16 -> image + 0x1139");
  place.unreached = true;
  CHECK(os::describe(place) ==
        "heap block 0x4ff0, 24 bytes that nothing points at, at byte 16 -> image + 0x1139");
  place.kind = os::place_kind::signal_handler;
  place.number = 12;
  CHECK(os::describe(place) == "action of signal 12 -> image + 0x1139");
}

TEST_SUITE_END();
