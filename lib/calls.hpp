// Calls into modules that say so: guards, module::call, factories. A shutdown lets no new ones begin, and
// waits for the rest.
#ifndef TENURE_LIB_CALLS_HPP
#define TENURE_LIB_CALLS_HPP

#include "record.hpp"

namespace tenure::inline v1::detail {

// Calls of this very thread: a shutdown from inside one must not wait for it.
[[nodiscard]] std::uint32_t calls_of_this_thread(const record& r) noexcept;

// True with `why` for a module that was shut down, except inside a call that is in flight.
[[nodiscard]] bool is_shut(record& r, failure& why) noexcept;

} // namespace tenure::inline v1::detail

#endif
