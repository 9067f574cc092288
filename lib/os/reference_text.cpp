// A place as a line of a report; the same on all systems.
#include "references.hpp"

#include <fmt/core.h>

namespace tenure::inline v1::os {
namespace {

std::string describe_heap(const reference_place& place) {
  if (place.block.size() == 0) return fmt::format("heap at {:#x}", place.address);
  return fmt::format("heap block {:#x}, {} bytes{}, at byte {}", place.block.begin, place.block.size(),
                     place.unreached ? " that nothing points at" : "", place.address - place.block.begin);
}

std::string describe_data(const reference_place& place) {
  if (place.symbol[0] == '\0') return fmt::format("data of {} at {:#x}", place.owner, place.address);
  return fmt::format("data of {} at {:#x}, in {}", place.owner, place.address, place.symbol);
}

std::string describe_where(const reference_place& place) {
  switch (place.kind) {
  case place_kind::heap:
    return describe_heap(place);
  case place_kind::stack:
    return fmt::format("stack of thread {} at {:#x}", place.number, place.address);
  case place_kind::thread_data:
    return fmt::format("thread_local data of {} at {:#x}",
                       place.owner[0] != '\0' ? place.owner : "the program", place.address);
  case place_kind::static_data:
    return describe_data(place);
  case place_kind::exit_handler:
    return fmt::format("exit handler at {:#x}", place.address);
  case place_kind::thread_key:
    return fmt::format("destructor of pthread key {}", place.number);
  case place_kind::environment:
    return fmt::format("environment at {:#x}", place.address);
  case place_kind::signal_handler:
    return fmt::format("action of signal {}", place.number);
  case place_kind::timer:
    return fmt::format("value of timer {}", place.number);
  case place_kind::other_mapping:
    break;
  }
  return fmt::format("memory{}{} at {:#x}", place.owner[0] != '\0' ? " of " : "", place.owner, place.address);
}

} // namespace

std::string describe(const reference_place& place) {
  return fmt::format("{} -> image + {:#x}", describe_where(place), place.offset);
}

} // namespace tenure::inline v1::os
