// Whether this program runs under qemu-user.
#ifndef TENURE_TEST_EMULATED_HPP
#define TENURE_TEST_EMULATED_HPP

namespace tenure_test {

// One of the process's threads is the emulator's own, and never answers; what the kernel says of a thread is said of the
// emulator's code; and a thread that has been joined is the emulator's for a while longer.
#if defined(TENURE_TEST_EMULATED)
inline constexpr bool emulated = true;
#else
inline constexpr bool emulated = false;
#endif

} // namespace tenure_test

#endif
