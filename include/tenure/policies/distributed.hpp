// Counts references where the threads are, for a policy that looks at them only when it sweeps.
#ifndef TENURE_POLICIES_DISTRIBUTED_HPP
#define TENURE_POLICIES_DISTRIBUTED_HPP

#include <tenure/policies/periodic_sweep.hpp>

namespace tenure::inline v1::policy {

// P, with a count in stripes: each thread counts in memory of its own, so copies on many threads never wait
// for each other's cache line, and cost no locked instruction on one. A module becomes idle when a sweep or a
// final close finds that its references have gone: its idle time begins there. So P must be a policy that
// closes at sweeps or at a final close; under one that closes at releases nothing would go before a sweep,
// and the last use is not known. A module that outlives its manager goes with the next sweep, final close or
// end of any manager that counts so. When not to use it: where a handle is copied less than thousands of
// times a second on several threads at once. Each thread that copies one needs 16 bytes for each module, in
// pages of 4 KiB; a sweep looks at each thread's counts of each module in use, and interrupts all processors
// once, to make them finish their writes (membarrier). Platform: Linux. Elsewhere, or where the kernel has no
// membarrier, the count is in one word, and all else is as said here. Not from signal handlers: they may
// interrupt a count. Model: Linux's percpu_ref; the sums as in Ellen, Lev, Luchangco and Moir, SNZI (2007),
// turned to one reader.
template <unload_policy P = periodic_sweep> class distributed : public P {
public:
  using P::P;
  static constexpr bool parks = false; // an idle module is known to be idle: whoever revives it says so
  static constexpr bool counts_in_stripes = true;
};

} // namespace tenure::inline v1::policy

#endif
