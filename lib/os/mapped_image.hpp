// Where a loaded module lies in this process's memory: what every check before and after an unload asks about.
#ifndef TENURE_LIB_OS_MAPPED_IMAGE_HPP
#define TENURE_LIB_OS_MAPPED_IMAGE_HPP

#include <cstddef>
#include <cstdint>

namespace tenure::inline v1::os {

// Half-open range of addresses. Empty when begin == end.
struct address_range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;

  [[nodiscard]] constexpr bool contains(std::uintptr_t address) const noexcept {
    return address - begin < end - begin; // one comparison: an address below begin wraps round to a huge number
  }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return end - begin; }
};

// A linker makes one executable segment, rarely two (hot/cold splitting); four leave room, and more are merged.
inline constexpr std::size_t max_code_ranges = 4;

// The memory of one module. Filled once after the load, never written again while the module is mapped.
struct mapped_image {
  address_range whole;                   // from the first to the last page of all segments
  address_range code[max_code_ranges]{}; // the executable parts of it
  std::size_t code_count = 0;
  bool static_tls = false; // has thread-local storage in the room that the loader gives back from its end only (glibc)

  [[nodiscard]] constexpr bool known() const noexcept { return whole.size() != 0; }

  // True if `address` may be executed as this module's code.
  [[nodiscard]] constexpr bool executes(std::uintptr_t address) const noexcept {
    for (std::size_t i = 0; i != code_count; ++i)
      if (code[i].contains(address)) return true;
    return false;
  }
};

} // namespace tenure::inline v1::os

#endif
