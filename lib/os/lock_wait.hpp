// Whether a thread stands still for another one's sake.
#ifndef TENURE_LIB_OS_LOCK_WAIT_HPP
#define TENURE_LIB_OS_LOCK_WAIT_HPP

#include <cstdint>

namespace tenure::inline v1::os {

// True if the thread of that number waits, without a limit of time, for a mutex that the calling thread
// holds, or for the calling thread's end. False also where that cannot be told; never true by mistake.
// `but_not`: a mutex that the caller holds just now, and will let go by itself. Pre: that thread lives.
[[nodiscard]] bool waits_for_this_thread(std::uint64_t number, const void* but_not) noexcept;

} // namespace tenure::inline v1::os

#endif
