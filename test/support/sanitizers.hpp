// Which sanitizer this program is built with: some things cannot be tested under one.
#ifndef TENURE_TEST_SANITIZERS_HPP
#define TENURE_TEST_SANITIZERS_HPP

namespace tenure_test {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool address_sanitizer = true;
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer)
inline constexpr bool address_sanitizer = true;
#  else
inline constexpr bool address_sanitizer = false;
#  endif
#else
inline constexpr bool address_sanitizer = false;
#endif

#if defined(__SANITIZE_THREAD__)
inline constexpr bool thread_sanitizer = true;
#elif defined(__has_feature)
#  if __has_feature(thread_sanitizer)
inline constexpr bool thread_sanitizer = true;
#  else
inline constexpr bool thread_sanitizer = false;
#  endif
#else
inline constexpr bool thread_sanitizer = false;
#endif

// A child of fork() may inherit a lock of the allocator of GCC 12's AddressSanitizer, if another thread had it at that
// moment, and nobody gives it back.
inline constexpr bool allocator_survives_fork = !address_sanitizer;

} // namespace tenure_test

#endif
