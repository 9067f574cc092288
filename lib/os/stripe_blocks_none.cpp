// Where threads cannot be made to pass a fence: references are counted in one word.
#include "os/stripe_blocks.hpp"

#include <tenure/detail/record.hpp>

#if defined(TENURE_OWN_STRIPES)
namespace tenure::inline v1::detail {
thread_local constinit stripe_count* own_stripes = nullptr;
}
#endif

namespace tenure::inline v1::os {

bool prepare_stripe_blocks() noexcept { return false; }
detail::stripe_count* own_stripe_block() noexcept { return nullptr; }
detail::stripe_count& common_stripe(std::uint32_t) noexcept {
  static constinit detail::stripe_count none;
  return none;
}
void visit_stripe(std::uint32_t, stripe_visitor, void*) noexcept {}
bool fence_all_threads() noexcept { return false; }

} // namespace tenure::inline v1::os
