// Memory for counts in stripes: a block of counters for each thread that counts.
#ifndef TENURE_LIB_OS_STRIPE_BLOCKS_HPP
#define TENURE_LIB_OS_STRIPE_BLOCKS_HPP

#include <tenure/detail/count.hpp>

namespace tenure::inline v1::os {

// Of one process at one time. Each is 16 bytes of address space per thread; what is never counted in takes no memory.
inline constexpr std::uint32_t most_stripes = 1U << 16U;

// Once, before all others. False: there are no such blocks here, and the others must not be called.
[[nodiscard]] bool prepare_stripe_blocks() noexcept;

// The calling thread's own counters, `most_stripes` of them, to which no other thread writes. Null if there is no
// memory: ask again at the next time. They stay when the thread ends, and another one goes on with them.
[[nodiscard]] detail::stripe_count* own_stripe_block() noexcept;

// For threads without a block of their own: they count there together.
[[nodiscard]] detail::stripe_count& common_stripe(std::uint32_t stripe) noexcept;

// Calls `visit(counter)` for that stripe of each block, the common one too, except of those that come meanwhile.
using stripe_visitor = void (*)(void* context, detail::stripe_count& counter) noexcept;
void visit_stripe(std::uint32_t stripe, stripe_visitor visit, void* context) noexcept;

// When it returns, each thread of the process has passed a full memory fence since it was called. False: not so.
[[nodiscard]] bool fence_all_threads() noexcept;

} // namespace tenure::inline v1::os

#endif
