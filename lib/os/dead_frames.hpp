// What calls that have returned left below the present frame: return addresses and saved registers, among
// which the departure checks' own frames come to lie next.
#ifndef TENURE_LIB_OS_DEAD_FRAMES_HPP
#define TENURE_LIB_OS_DEAD_FRAMES_HPP

#include "unsanitized.hpp"

#include <cstddef>
#include <cstdint>

namespace tenure::inline v1::os {

// Pre: the calls needed at least `Bytes` of stack, or so much is left.
template <std::size_t Bytes> TENURE_UNSANITIZED TENURE_NOT_INLINED void wipe_dead_frames() noexcept {
  using line = std::uintptr_t __attribute__((vector_size(16)));
  static_assert(Bytes % sizeof(line) == 0);
  volatile line dead[Bytes / sizeof(line)];
  for (volatile line& part : dead) part = line{};
}

} // namespace tenure::inline v1::os

#endif
