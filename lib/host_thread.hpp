// A thread that host code starts and waits for, and which a child of fork() does not have.
#ifndef TENURE_LIB_HOST_THREAD_HPP
#define TENURE_LIB_HOST_THREAD_HPP

#include "os/fork.hpp"

#include <tenure/detail/record.hpp> // set_failure

#include <new>
#include <system_error>
#include <thread>
#include <utility>

namespace tenure::inline v1::detail {

// False with `why` (out_of_memory, thread_not_started) if `start`, which makes a std::thread, could not.
template <class Start> bool started(failure& why, Start&& start) noexcept {
  try {
    start();
    return true;
  } catch (const std::bad_alloc&) {
    set_failure(why, errc::out_of_memory, "", "");
  } catch (const std::system_error& refused) {
    set_failure(why, errc::thread_not_started, "", refused.what());
  }
  return false;
}

// Stays where it is from start() to join(). One thread at a time starts and joins it.
class host_thread {
public:
  host_thread() = default;
  host_thread(const host_thread&) = delete;
  host_thread& operator=(const host_thread&) = delete;

  template <class Body> bool start(Body&& body, failure& why) noexcept {
    if (!started(why, [&] { thread_ = std::thread(std::forward<Body>(body)); })) return false;
    forks_ = {nullptr, nullptr, forget, this, nullptr};
    os::add_fork_watcher(forks_);
    return true;
  }
  // Pre: started. In a child there is nobody to wait for.
  void join() noexcept {
    if (here_) thread_.join();
    os::remove_fork_watcher(forks_);
  }

private:
  static void forget(void* self) noexcept {
    static_cast<host_thread*>(self)->thread_.detach();
    static_cast<host_thread*>(self)->here_ = false;
  }

  std::thread thread_;
  os::fork_watcher forks_;
  bool here_ = true; // false in a child; only touched when there is one thread, or by join
};

} // namespace tenure::inline v1::detail

#endif
