// References that each thread counts in memory of its own; why their sum can be trusted stands in count.hpp.
#ifndef TENURE_LIB_STRIPES_HPP
#define TENURE_LIB_STRIPES_HPP

#include "os/stripe_blocks.hpp"

#include <tenure/detail/record.hpp>

namespace tenure::inline v1::detail {

// False if this system cannot: then counts are in the records' words. Once per process it takes what that needs.
[[nodiscard]] bool stripes_are_ready() noexcept;

// A place in each thread's counters, all of whose counts sum to zero; 0 if there is none left. Lock order: the mutex
// is a leaf.
[[nodiscard]] std::uint32_t take_stripe() noexcept;
// Pre: nobody counts there any more.
void give_back_stripe(std::uint32_t stripe) noexcept;

// Taken minus dropped, modulo 2^32. To be relied on only as count.hpp says.
[[nodiscard]] std::uint32_t balance_of(std::uint32_t stripe) noexcept;

// A new module is counted there. Pre: nobody opens it yet.
void forget_opens(std::uint32_t stripe) noexcept;

// By a thread that shared one in the module's stripe: how many opens it counted before since the module was loaded.
[[nodiscard]] inline std::uint32_t count_open(std::uint32_t stripe) noexcept {
  stripe_count* const own = own_stripes != nullptr ? own_stripes : os::own_stripe_block();
  return own[stripe].opens++;
}

} // namespace tenure::inline v1::detail

#endif
