#ifndef TENURE_TEST_SUPPORT_SCHEDULED_SYNC_HPP
#define TENURE_TEST_SUPPORT_SCHEDULED_SYNC_HPP

// What `lib/sync.hpp` becomes where TENURE_SCHEDULED is defined: the same names, on fibers of a deterministic
// schedule
// (`scheduler.hpp`). Outside of a running schedule, in set-up and check code, one thread is all there is: an
// operation that would have to wait there prints why and aborts.

#include <chrono>
#include <cstdint>

extern "C" {

/// A place at which another fiber may go on. Called before each atomic operation of the code under test.
/// Does nothing outside of a running schedule.
void tenure_schedule_step() noexcept;

/// The same, with a word for the trace; `what` is kept by address, so a literal.
void tenure_schedule_step_at(const char* what) noexcept;

/// Must stand in every loop that waits for another thread by looking again and again. This fiber then
/// lets others go first; without it such a loop ends as "step limit" under `pct` and `exhaustive`.
void tenure_schedule_yield() noexcept;

/// 256 bytes, aligned to 16, that stand for this thread's `thread_local`s: zero at each schedule's start, one
/// block per fiber, and one more per OS thread for code outside of schedules (zero at the thread's start
/// only).
void* tenure_schedule_local() noexcept;
}

namespace tenure_test::schedule {

/// Sets of fibers are bit masks: fiber n is bit n. Written by the scheduler alone.
struct mutex_state {
  std::uint32_t waiters = 0; ///< in lock(), or woken from a condition and on the way back to this mutex
  std::uint32_t owner = 0;   ///< 0 if free, else this_thread_id() of the owner
};

struct condition_state {
  std::uint32_t waiters = 0;
};

void lock(mutex_state& state) noexcept;
bool try_lock(mutex_state& state) noexcept;
void unlock(mutex_state& state) noexcept;
void destroy(mutex_state& state) noexcept;
void wait(condition_state& state, mutex_state& held) noexcept;
void notify(condition_state& state) noexcept;
void destroy(condition_state& state) noexcept;

/// Fiber n is n + 1; code outside of a schedule is one more than the last possible fiber. Never 0.
std::uintptr_t thread_id() noexcept;

} // namespace tenure_test::schedule

namespace tenure::inline v1::sync {

/// Locking it twice, unlocking it by another and destroying it locked each fail the schedule.
class mutex {
public:
  constexpr mutex() noexcept = default;
  ~mutex() { tenure_test::schedule::destroy(state_); }
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  void lock() noexcept { tenure_test::schedule::lock(state_); }
  bool try_lock() noexcept { return tenure_test::schedule::try_lock(state_); }
  void unlock() noexcept { tenure_test::schedule::unlock(state_); }

private:
  friend class condition;
  tenure_test::schedule::mutex_state state_;
};

/// A wait may also end without a notification, as the standard's may. Destroying it while somebody waits
/// fails the schedule.
class condition {
public:
  constexpr condition() noexcept = default;
  ~condition() { tenure_test::schedule::destroy(state_); }
  condition(const condition&) = delete;
  condition& operator=(const condition&) = delete;

  void wait(mutex& held) noexcept { tenure_test::schedule::wait(state_, held.state_); }
  // Time does not run out in a schedule.
  bool wait_for(mutex& held, std::chrono::nanoseconds) noexcept {
    wait(held);
    return true;
  }
  void notify_all() noexcept { tenure_test::schedule::notify(state_); }

private:
  tenure_test::schedule::condition_state state_;
};

inline std::uintptr_t this_thread_id() noexcept { return tenure_test::schedule::thread_id(); }

} // namespace tenure::inline v1::sync

#endif
