// Modules that keep each other: each reference to the one lies in memory of the other. No release will ever
// end that.
#ifndef TENURE_LIB_HOLDING_CYCLES_HPP
#define TENURE_LIB_HOLDING_CYCLES_HPP

#include <cstdint>

namespace tenure::inline v1::detail {

struct registry;

// Looks in all memory for the handles of modules that are still held, and writes into their records, for the
// next report, which of them hold each other. Says so only where every reference is found, and each lies in
// the static data of such a module, or in heap blocks that nobody but such modules points at.
//
// Not found: handles in a thread's stack or thread_local storage, more than a few modules or a long way from
// a module's data to the handle, what a dead word of the host's happens to point at (padding, a leak), and
// all where memory is not searched (os/references.hpp) or the allocator is not glibc's. Cost: a search of all
// memory (0.2 ms in a small process, 25 ms with 100 MiB) for each such module, and for each block on the way;
// 48 at most. Pre: the registry's mutex is not held. `entry`: see closing_chain. True if there are some.
[[nodiscard]] bool find_holding_cycles(registry& g, std::uintptr_t entry) noexcept;
// Once that report is made: the next moment it may be another story.
void forget_holding_cycles(registry& g) noexcept;

} // namespace tenure::inline v1::detail

#endif
