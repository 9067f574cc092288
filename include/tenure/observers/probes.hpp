// An observer that fires probes for perf, bpftrace and SystemTap (USDT).
#ifndef TENURE_OBSERVERS_PROBES_HPP
#define TENURE_OBSERVERS_PROBES_HPP

#include <tenure/event.hpp>

namespace tenure::inline v1 {

// One probe per kind of event, of the provider `tenure`: tenure:loaded, tenure:idled and so on. Arguments:
// path, nanoseconds that it took, the module's life, the reason as linger_reason or errc, detail. A probe
// that nobody listens to is one instruction that does nothing. Platform: where the library was built with
// <sys/sdt.h> (Debian's systemtap-sdt-dev); elsewhere exist() is false, and being told does nothing. Threads:
// any.
struct event_probes {
  // Is told; the manager calls it.
  TENURE_API void operator()(const event& e) noexcept;
  // Whether the library was built with them.
  [[nodiscard]] TENURE_API static bool exist() noexcept;
};

} // namespace tenure::inline v1

#endif
