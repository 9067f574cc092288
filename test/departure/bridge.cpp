// A library between the module and the host. Built twice: with unwind tables, and, as `bare`, without.
#include "module.hpp"

namespace {
volatile unsigned crossed;
}

#if defined(DEPARTURE_BARE)
#  define BRIDGE departure_bare_bridge
#else
#  define BRIDGE departure_bridge
#endif

DEPARTURE_EXPORT void BRIDGE(departure::callback back, void* argument) {
  back(argument);
  crossed = crossed + 1;
}
