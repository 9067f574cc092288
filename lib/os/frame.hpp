// Where on the stack the library begins: what lies between there and here is the library's own.
#ifndef TENURE_LIB_OS_FRAME_HPP
#define TENURE_LIB_OS_FRAME_HPP

#include "mapped_image.hpp"
#include "unsanitized.hpp"

#if defined(_MSC_VER)
#  include <intrin.h>
#  define TENURE_ALWAYS_INLINED __forceinline
#else
#  define TENURE_ALWAYS_INLINED inline __attribute__((always_inline))
#endif

namespace tenure::inline v1::os {

// Where the library begins, written in the function that the application called: what its callers keep in
// registers is spilled above that, and is not the library's own.
TENURE_ALWAYS_INLINED std::uintptr_t entry_frame() noexcept {
#if defined(_MSC_VER)
  return reinterpret_cast<std::uintptr_t>(_AddressOfReturnAddress());
#else
  // Words, right below the frame's address: on x86-64 rbx and r12 to r15. What lies below may be left from
  // other calls.
  constexpr std::uintptr_t kept_registers = 5;
  __builtin_unwind_init();
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - kept_registers * sizeof(void*);
#endif
}

// An address below the caller's frame, and below those of all its callers.
TENURE_UNSANITIZED TENURE_NOT_INLINED inline std::uintptr_t below_this_frame() noexcept {
#if defined(_MSC_VER)
  return reinterpret_cast<std::uintptr_t>(_AddressOfReturnAddress());
#else
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
#endif
}

} // namespace tenure::inline v1::os

#endif
