// An observer that remembers the last events, for crash reports.
#ifndef TENURE_OBSERVERS_RING_HPP
#define TENURE_OBSERVERS_RING_HPP

#include <tenure/event.hpp>

#include <cstddef>

namespace tenure::inline v1 {
namespace detail {
struct ring_slot;
}

// The last events as lines of text (as event_log's, cut at 495 bytes), in memory that is taken at once.
// Writing takes no lock and waits for nobody. write() may be called from a signal handler, at any time, on
// any thread; an event that is just being noted is said to be. When not to use it: to look at all events;
// that is event_trace. Obtained from: its constructor. Not copyable. Threads: any; one ring may serve several
// managers.
//
//   tenure::event_ring last;                                   // before the manager
//   modules.observe(last);
//   static void on_crash(int signal) { last.write(2); ... }    // 2: the standard error output
class event_ring {
public:
  // `events`: how many are remembered; half a KiB each. Errors: out_of_memory.
  TENURE_API explicit event_ring(std::size_t events = 256);
  event_ring(const event_ring&) = delete;
  event_ring& operator=(const event_ring&) = delete;
  TENURE_API ~event_ring();

  // Is told; the manager calls it.
  TENURE_API void operator()(const event& e) noexcept;
  // Writes what is remembered, the oldest first, to a file descriptor. Async-signal-safe; leaves errno alone.
  // False if the system took not all of it.
  TENURE_API bool write(int descriptor) const noexcept;

private:
  detail::ring_slot* slots_;
  std::size_t size_;
  std::uint64_t next_ = 0; // events so far; glance, take_number
  // Of these, not noted: their slot was being written by a thread that a whole round had overtaken.
  std::uint64_t skipped_ = 0;
};

} // namespace tenure::inline v1

#endif
