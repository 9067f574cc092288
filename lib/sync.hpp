// The mutex, the condition and the per-thread state of the library. In the schedule tests a deterministic
// scheduler takes their place.
#ifndef TENURE_LIB_SYNC_HPP
#define TENURE_LIB_SYNC_HPP

#include <cstdint>
#include <new>

namespace tenure::inline v1::detail {
struct record;
struct registry;
}

namespace tenure::inline v1::sync {

// What the library knows of a thread. Zero-initialised, trivially destructible: no code runs at a thread's
// start or end.
struct thread_state {
  std::uint32_t guards = 0;        // guards of this thread that are open
  std::uint32_t inside_loader = 0; // the system's open or close calls of ours that are on this thread's stack
  struct calls_into {
    const detail::record* module = nullptr;
    std::uint32_t n = 0;
  };
  struct calls_deeper;
  calls_into inside[6]; // this thread's calls in flight
  calls_deeper* deeper =
      nullptr; // into more modules at once than there are places; owned, the last one first
  detail::registry* untold = nullptr;    // registries with events that were not told inside the loader (lib/events.cpp)
  std::uint32_t quiet = 0;               // see quiet_scope
};

// On the heap and not in the guards: one that ends on another thread than its own leaves no pointer to itself
// behind.
struct thread_state::calls_deeper {
  calls_deeper* next;
  calls_into calls;
};

} // namespace tenure::inline v1::sync

#if defined(TENURE_SCHEDULED)
#  include "support/scheduled_sync.hpp"

namespace tenure::inline v1::sync {

inline thread_state& this_thread() noexcept { return *static_cast<thread_state*>(tenure_schedule_local()); }

} // namespace tenure::inline v1::sync

#else

#  include <chrono>
#  include <condition_variable>
#  include <mutex>

namespace tenure::inline v1::sync {

using mutex = std::mutex;

// Wakes may be spurious: always wait in a loop.
class condition {
public:
  void wait(mutex& held) {
    std::unique_lock<std::mutex> lock(held, std::adopt_lock);
    wakeup_.wait(lock);
    lock.release();
  }
  // False if the time ran out first.
  bool wait_for(mutex& held, std::chrono::nanoseconds time) {
    std::unique_lock<std::mutex> lock(held, std::adopt_lock);
    const bool woken = wakeup_.wait_for(lock, time) == std::cv_status::no_timeout;
    lock.release();
    return woken;
  }
  void notify_all() noexcept { wakeup_.notify_all(); }

private:
  std::condition_variable wakeup_;
};

inline thread_state& this_thread() noexcept {
  thread_local thread_state state;
  return state;
}

// A running thread's identity: the address of its state.
inline std::uintptr_t this_thread_id() noexcept { return reinterpret_cast<std::uintptr_t>(&this_thread()); }

} // namespace tenure::inline v1::sync

#endif

namespace tenure::inline v1::sync {

using thread_id = std::uintptr_t; // never 0

// The process's one mutex for what is named by Subject; never destroyed, so static objects may use it to the end.
template <class Subject> mutex& process_mutex() noexcept {
  alignas(mutex) static unsigned char place[sizeof(mutex)];
  static mutex* const it = ::new (static_cast<void*>(place)) mutex;
  return *it;
}

// Holds the mutex for a scope; unlock() and lock() in pairs inside it.
class scoped_lock {
public:
  explicit scoped_lock(mutex& m)
      : mutex_(m) {
    mutex_.lock();
  }
  scoped_lock(const scoped_lock&) = delete;
  scoped_lock& operator=(const scoped_lock&) = delete;
  ~scoped_lock() { mutex_.unlock(); }

private:
  mutex& mutex_;
};

} // namespace tenure::inline v1::sync

#endif
