// In which order modules with static thread-local storage go. glibc keeps a small room for it (some 1,600
// bytes), which it gives back from its end only: what is closed before a later one is lost for the life of
// the process, and after a few loads more there is none left. So a module waits for those that were loaded
// after it, unless everything idle must go.
#ifndef TENURE_LIB_STATIC_TLS_HPP
#define TENURE_LIB_STATIC_TLS_HPP

#include "departure.hpp"
#include "registry.hpp"

namespace tenure::inline v1::detail {

// Why the module should not be closed yet, if anything. Knows the modules of one registry only. Takes the
// mutex.
[[nodiscard]] departure_finding ask_static_tls(registry& g, const module_record& r) noexcept;

// It is gone: those that waited for it are tried again at once. Needs the mutex.
void note_static_tls_gone_locked(registry& g) noexcept;

} // namespace tenure::inline v1::detail

#endif
