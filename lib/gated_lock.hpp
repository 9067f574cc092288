// Holds a mutex of which there may be thousands, too many for a fork to take them all: instead nobody forks while one is
// held, so that no child finds one locked.
//
// Lock order. The gate comes before the mutex; under both nothing is called that is not ours.
#ifndef TENURE_LIB_GATED_LOCK_HPP
#define TENURE_LIB_GATED_LOCK_HPP

#include "os/fork.hpp"
#include "sync.hpp"

#include <chrono>

namespace tenure::inline v1::detail {

// Waits with the gate and the mutex held, and without either meanwhile: whoever is waited for may still have to pass the
// gate. Spurious wakes are possible: always in a loop.
inline void wait_beside_forks(sync::condition& changed, sync::mutex& held) {
  os::open_fork_gate();
  changed.wait(held);
  held.unlock(); // a fork takes the gate first, then the mutex
  os::close_fork_gate();
  held.lock();
}

inline void wait_beside_forks(sync::condition& changed, sync::mutex& held, std::chrono::nanoseconds limit) {
  os::open_fork_gate();
  changed.wait_for(held, limit);
  held.unlock();
  os::close_fork_gate();
  held.lock();
}

class gated_lock {
public:
  explicit gated_lock(sync::mutex& m)
      : mutex_(m) {
    mutex_.lock();
  }
  gated_lock(const gated_lock&) = delete;
  gated_lock& operator=(const gated_lock&) = delete;
  ~gated_lock() { mutex_.unlock(); }

  void wait(sync::condition& changed) { wait_beside_forks(changed, mutex_); }

private:
  os::fork_gate no_fork_meanwhile_; // before the mutex
  sync::mutex& mutex_;
};

// Before the first such lock of an object that is no registry's.
inline void heed_forks() noexcept {
  os::fork_watcher nobody;
  os::add_fork_watcher(nobody);
  os::remove_fork_watcher(nobody);
}

} // namespace tenure::inline v1::detail

#endif
