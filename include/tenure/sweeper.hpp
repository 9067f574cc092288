// A thread that sweeps, for programs without an event loop.
#ifndef TENURE_SWEEPER_HPP
#define TENURE_SWEEPER_HPP

#include <tenure/manager.hpp>

namespace tenure::inline v1 {

// Who is told what a sweeper's sweeps find: called on its thread, outside every lock, after each sweep that looked at a
// module; a close that has to wait comes again and again, with the evidence and a growing retry_wait, until it is done
// (MAF gave up after 65 seconds and left a trace: M-H7). May use the manager; must not stop the sweeper.
struct sweep_observer {
  void (*told)(void* context, const unload_report& report) noexcept = nullptr; // null: nobody
  void* context = nullptr; // handed to the call
};

namespace detail {
struct sweeper_thread;
[[nodiscard]] TENURE_API sweeper_thread* start_sweeper(registry& g, duration interval, sweep_observer observer,
                                                       failure& why) noexcept;
TENURE_API void stop_sweeper(sweeper_thread* t) noexcept;
} // namespace detail

} // namespace tenure::inline v1

namespace TENURE_HANDLES {

// Sweeps a manager every `interval` on a thread of its own, until stop() or its destructor, which wait for a
// sweep under way. The only thread that Tenure ever starts, and only here. When not to use it: with an event
// loop; call sweep() at manager::next_due() instead. Obtained from: its constructor; a move. May outlive the
// manager. Threads: stop() from any thread but its own.
class sweeper {
public:
  // Errors: thread_not_started, out_of_memory.
  template <class Policy, departure_check Check, class Observer>
  sweeper(manager<Policy, Check, Observer>& m, duration interval, sweep_observer observer = {}) {
    failure why;
    thread_ = detail::start_sweeper(*m.registry_, interval, observer, why);
    if (thread_ == nullptr) detail::raise(static_cast<failure&&>(why));
  }
  // The same; one that sweeps nothing comes with its reason.
  template <class Policy, departure_check Check, class Observer, detail::error_sink S>
  sweeper(manager<Policy, Check, Observer>& m, duration interval, S& sink, sweep_observer observer = {}) {
    failure why = detail::failure_for<S>();
    thread_ = detail::start_sweeper(*m.registry_, interval, observer, why);
    detail::report_into(sink, static_cast<failure&&>(why));
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

} // namespace TENURE_HANDLES

#endif
