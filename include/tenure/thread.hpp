// A thread for a module's code, started and ended by the host.
#ifndef TENURE_THREAD_HPP
#define TENURE_THREAD_HPP

#include <tenure/module.hpp>

namespace tenure::inline v1 {
namespace detail {

struct running_thread;
// Takes over one reference to `held` and the argument on success. `body` must see to the argument; it must
// not throw.
[[nodiscard]] TENURE_API running_thread* start_thread(record& held, void (*body)(void*) noexcept,
                                                      void* argument, const code_location* taken,
                                                      failure& why) noexcept;
// Waits for its end. In a child of fork(), where it does not run, it does not wait.
TENURE_API void join_thread(running_thread* t) noexcept;

} // namespace detail
} // namespace tenure::inline v1

namespace TENURE_HANDLES {

// Runs `f`, which calls into a module, on a new thread. The module is held from before the thread starts
// until `f` has returned and is destroyed, and let go by host code: no line of the module runs on that thread
// afterwards (C-B23; Windows has FreeLibraryAndExitThread for it, and in POSIX a module cannot do it for
// itself). When not to use it: for threads of the host that call a module now and then; a symbol or a guard
// does. Obtained from: its constructor; a move. Destroying it waits for the thread, as join() does; not from
// the thread itself. What `f` lets out ends the process, as with std::thread. Threads: as an int.
//
//   tenure::module_thread decoding(codec, [decode] { decode("song.flac"); });
class [[nodiscard]] module_thread {
public:
  module_thread() noexcept = default;
  // A shutdown of the module waits for `f` as for a call. Errors: empty_handle, module_shut_down,
  // thread_not_started, out_of_memory.
  template <class F> module_thread(module m, F f TENURE_AND_TAKEN_HERE) {
    failure why;
    thread_ = start(static_cast<module&&>(m), new F(static_cast<F&&>(f)), TENURE_TAKEN_OR_NULL, why);
    if (thread_ == nullptr) detail::raise(static_cast<failure&&>(why));
  }
  module_thread(module_thread&& other) noexcept
      : thread_(other.thread_) {
    other.thread_ = nullptr;
  }
  module_thread& operator=(module_thread&& other) noexcept {
    join();
    thread_ = other.thread_;
    other.thread_ = nullptr;
    return *this;
  }
  ~module_thread() { join(); }

  // Waits until the thread has ended. Idempotent.
  void join() noexcept {
    if (thread_ != nullptr) detail::join_thread(thread_);
    thread_ = nullptr;
  }

private:
  template <class F> static detail::running_thread* start(module m, F* f, const code_location* taken, failure& why) noexcept {
    detail::running_thread* started = nullptr;
    if (detail::record* const r = detail::handle_access::record_of(m))
      started = detail::start_thread(
          *r,
          [](void* argument) noexcept {
            F* const call = static_cast<F*>(argument);
            (*call)();
            delete call;
          },
          f, taken, why);
    else
      detail::set_failure(why, errc::empty_handle, "", "");
    if (started == nullptr)
      delete f;
    else
      static_cast<void>(detail::handle_access::give_up(m)); // the thread's now
    return started;
  }

  detail::running_thread* thread_ = nullptr;
};

} // namespace TENURE_HANDLES

#endif
