// Whether this program runs under qemu-user.
#ifndef TENURE_TEST_EMULATED_HPP
#define TENURE_TEST_EMULATED_HPP

#include "sanitizers.hpp"
#include "until.hpp"

#include <utility>

namespace tenure_test {

// One of the process's threads is the emulator's own, and never answers; what the kernel says of a thread is said of the
// emulator's code; and a thread that has been joined is the emulator's for a while longer.
#if defined(TENURE_TEST_EMULATED)
inline constexpr bool emulated = true;
#else
inline constexpr bool emulated = false;
#endif

// What threads ask of each other goes through the emulator, or through Wine's server, where a suspended
// thread costs a millisecond: what is done thousands of times elsewhere is done hundreds of times there.
#if defined(TENURE_TEST_EMULATED) || defined(_WIN32)
inline constexpr bool threads_are_slow = true;
#else
inline constexpr bool threads_are_slow = false;
#endif

// Where a million races take minutes.
inline constexpr bool races_take_long = address_sanitizer || thread_sanitizer || threads_are_slow;

// For what must be true at once; under the emulator, after a while.
template <class Condition> [[nodiscard]] bool holds_at_once(Condition&& holds) {
  return emulated ? eventually(std::forward<Condition>(holds)) : holds();
}

} // namespace tenure_test

#endif
