// An observer that writes a line per event.
#ifndef TENURE_OBSERVERS_LOG_HPP
#define TENURE_OBSERVERS_LOG_HPP

#include <tenure/event.hpp>

#include <cstdio>

namespace tenure::inline v1 {

// Writes "12.345678 libflac.so: loaded in 0.412 ms, /usr/lib/libflac.so" and the like: seconds on the
// manager's clock, module, event, duration, path, reason. One fwrite per line, whatever line breaks are in a
// path; allocates nothing; what is beyond 2,000 bytes is cut, and ends in "...". When not to use it: for a
// log of your own; format an event with <tenure/format.hpp> in an observer of your own. Threads: one log may
// serve several managers.
//
//   tenure::event_log log;          // before the manager
//   modules.observe(log);
class event_log {
public:
  // `out` is the caller's, and must live as long.
  explicit event_log(std::FILE* out = stderr) noexcept
      : out_(out) {}
  // Is told; the manager calls it.
  TENURE_API void operator()(const event& e) noexcept;
  // Lines that the file did not take.
  [[nodiscard]] TENURE_API std::uint64_t refused() const noexcept;

private:
  std::FILE* out_;
  std::uint64_t refused_ = 0;
};

} // namespace tenure::inline v1

#endif
