// An observer that keeps all events, and draws them.
#ifndef TENURE_OBSERVERS_TRACE_HPP
#define TENURE_OBSERVERS_TRACE_HPP

#include <tenure/event.hpp>
#include <tenure/path.hpp>
#include <tenure/text.hpp>

#include <cstddef>

namespace tenure::inline v1 {
namespace detail {
struct trace_data;
TENURE_API bool write_trace(const trace_data& t, path_view file, failure& why) noexcept;
TENURE_API bool write_uses(const trace_data& t, path_view file, failure& why) noexcept;
} // namespace detail

// Events in memory, about 150 bytes each, as a picture or as a record for the simulator. The picture is
// Chrome's trace format, which ui.perfetto.dev and chrome://tracing open: a track per module, a slice per
// state (loading, active, idle, closing, lingering, gone), arrows from the release that made it idle to the
// close, and sweeps on a track of their own. When not to use it: for a process that runs for months; see
// event_ring. Obtained from: its constructor. Not copyable. Threads: any; write while events come. One trace
// serves one manager: lives and times are that manager's.
//
//   tenure::event_trace trace;      // before the manager
//   modules.observe(trace);
//   ...
//   trace.write("modules.json");
class event_trace {
public:
  // `most`: how many events are kept; the first ones. What is beyond is counted, and said in what is written.
  // Errors: out_of_memory.
  TENURE_API explicit event_trace(std::size_t most = 1'000'000);
  event_trace(const event_trace&) = delete;
  event_trace& operator=(const event_trace&) = delete;
  TENURE_API ~event_trace();

  // Is told; the manager calls it.
  TENURE_API void operator()(const event& e) noexcept;
  [[nodiscard]] TENURE_API std::size_t size() const noexcept;
  // Events that are not kept: too many, or no memory.
  [[nodiscard]] TENURE_API std::uint64_t lost() const noexcept;

  // The picture. Errors: out_of_memory.
  [[nodiscard]] TENURE_API text json() const;
  // The picture as a file. Errors: events_not_written, out_of_memory, those of paths.
  void write(path_view file) const {
    failure why;
    if (!detail::write_trace(*data_, file, why)) detail::raise(static_cast<failure&&>(why));
  }
  template <detail::error_sink S> bool write(path_view file, S& sink) const noexcept {
    failure why = detail::failure_for<S>();
    const bool written = detail::write_trace(*data_, file, why);
    detail::report_into(sink, static_cast<failure&&>(why));
    return written;
  }
  // When each module was in use, for `sh bench/run --simulate --trace FILE`: lines of
  // "seconds,module,hold,load,bytes". A use lasts from the first reference to the last: policies see no more of it.
  // What its last load took and how much it mapped, in seconds and bytes; nothing where no load was seen. Errors: as
  // write.
  void write_uses(path_view file) const {
    failure why;
    if (!detail::write_uses(*data_, file, why)) detail::raise(static_cast<failure&&>(why));
  }

private:
  detail::trace_data* data_;
};

} // namespace tenure::inline v1

#endif
