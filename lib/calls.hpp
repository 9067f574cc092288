// Calls into modules that say so: guards, module::call, factories, threads of a module. A shutdown lets no
// new ones begin, and waits for the rest.
#ifndef TENURE_LIB_CALLS_HPP
#define TENURE_LIB_CALLS_HPP

#include "record.hpp"

namespace tenure::inline v1::detail {

// Calls of this very thread: a shutdown from inside one must not wait for it.
[[nodiscard]] std::uint32_t calls_of_this_thread(const record& r) noexcept;

// True with `why` for a module that was shut down, except inside a call that is in flight.
[[nodiscard]] bool is_shut(record& r, failure& why) noexcept;
// The same without a lock and without words: the shutdown may still be refused.
[[nodiscard]] bool seems_shut(const record& r) noexcept;

// A call of a thread that is about to be started: begun by whoever starts it, as enter_call, whose errors it
// has; taken over by the thread, which leaves it by leave_call, or ended if there is no thread.
[[nodiscard]] bool begin_call(record& r, failure& why) noexcept;
void take_over_call(record& r) noexcept;
void end_call(record& r) noexcept;

} // namespace tenure::inline v1::detail

#endif
