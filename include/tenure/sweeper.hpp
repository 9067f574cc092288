// A thread that sweeps, for programs without an event loop.
#ifndef TENURE_SWEEPER_HPP
#define TENURE_SWEEPER_HPP

#include <tenure/manager.hpp>

namespace tenure::inline v1 {
namespace detail {
struct sweeper_thread;
[[nodiscard]] TENURE_API sweeper_thread* start_sweeper(registry& g, duration interval, failure& why) noexcept;
TENURE_API void stop_sweeper(sweeper_thread* t) noexcept;
} // namespace detail

// Sweeps a manager every `interval` on a thread of its own, until stop() or its destructor, which wait for a
// sweep under way. The only thread that Tenure ever starts, and only here. When not to use it: with an event
// loop; call sweep() at manager::next_due() instead. Obtained from: its constructor; a move. May outlive the
// manager. Threads: stop() from any thread but its own.
class sweeper {
public:
  // Errors: thread_not_started, out_of_memory.
  template <class Policy, departure_check Check> sweeper(manager<Policy, Check>& m, duration interval) {
    failure why;
    thread_ = detail::start_sweeper(*m.registry_, interval, why);
    if (thread_ == nullptr) detail::raise(static_cast<failure&&>(why));
  }
  sweeper(sweeper&& other) noexcept
      : thread_(other.thread_) {
    other.thread_ = nullptr;
  }
  sweeper& operator=(sweeper&&) = delete;
  ~sweeper() { stop(); }

  // Idempotent.
  void stop() noexcept {
    if (thread_ != nullptr) detail::stop_sweeper(thread_);
    thread_ = nullptr;
  }

private:
  detail::sweeper_thread* thread_ = nullptr;
};

} // namespace tenure::inline v1

#endif
