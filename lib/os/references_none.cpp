// Where memory cannot be searched: other systems' mappings and allocators look different, and a library that
// never unloads (musl) needs no search.
#include "references.hpp"

namespace tenure::inline v1::os {

reference_baseline reference_baseline::take(const mapped_image&, std::span<const address_range>) noexcept {
  return {};
}

reference_baseline reference_baseline::nothing() noexcept { return {}; }

bool reference_baseline::contains(std::uintptr_t, std::uintptr_t) const noexcept { return false; }

reference_search find_references(const mapped_image&, const reference_baseline&, std::span<reference_place>,
                                 std::span<const address_range>) noexcept {
  return {};
}

bool memory_is_searched() noexcept { return false; }

} // namespace tenure::inline v1::os
