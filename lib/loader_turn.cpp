#include "loader_turn.hpp"

#include "gated_lock.hpp"
#include "os/lock_wait.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

namespace tenure::inline v1::detail {
namespace {

// Of the whole process, as the loader is. All fields with the mutex held.
struct turn_state {
  sync::mutex mutex;
  sync::condition changed;   // the owner has left
  sync::thread_id owner = 0; // 0: nobody
  std::uint64_t number = 0;  // of the owner, as the system numbers it
  unsigned depth = 0;        // calls of the owner
  std::uint64_t call = 0;    // the outermost one's
  time_point since;          // when it began
  turn_use use{};            // the innermost one's
  const char* path = "";
};

// Never destroyed, so static objects may use it to the end.
turn_state& state() noexcept {
  alignas(turn_state) static unsigned char place[sizeof(turn_state)];
  static turn_state* const it = ::new (static_cast<void*>(place)) turn_state;
  return *it;
}

void hold(void*) noexcept { state().mutex.lock(); }
void go_on_in_parent(void*) noexcept { state().mutex.unlock(); }

// The system has taken the loader's lock from a thread that is not here, and so do we.
void go_on_in_child(void*) noexcept {
  turn_state& t = state();
  ::new (static_cast<void*>(&t.changed)) sync::condition; // its waiters are not here
  if (t.owner == sync::this_thread_id())
    t.number = os::this_thread_number();
  else
    t.owner = 0, t.depth = 0;
  t.mutex.unlock();
}

constinit os::fork_watcher watcher{hold, go_on_in_parent, go_on_in_child, nullptr, nullptr};

const char* words_for(turn_use use) noexcept {
  constexpr const char* words[] = {"loading", "closing", "looking for a symbol of"};
  return words[static_cast<std::size_t>(use)];
}

constexpr duration longest_step = milliseconds(250);

} // namespace

void prepare_turns() noexcept {
  static const bool once = [] {
    os::add_fork_watcher(watcher);
    // Who waits with a limit reads this clock, for whose function winpthreads asks the loader at its first use: not while
    // another thread stands in there.
    static_cast<void>(std::chrono::system_clock::now());
    return true;
  }();
  static_cast<void>(once);
}

bool patience_left::is_over(std::uint64_t call) noexcept {
  const time_point now = os::now();
  if (call != std::exchange(call_, call) || since_ == time_point{}) {
    since_ = now;
    step_ = first_look;
  }
  waited_ = now - since_;
  return limit_ != duration{} && waited_ >= limit_;
}

std::chrono::nanoseconds patience_left::next() noexcept {
  const duration step = std::exchange(step_, std::min(step_ + step_, longest_step));
  const duration left = limit_ == duration{} ? step : limit_ - waited_;
  return std::chrono::nanoseconds(std::min(step, left).nanoseconds);
}

loader_turn::loader_turn(turn_use what, const char* path, duration patience) noexcept {
  if (!os::loads_one_by_one()) return;
  turn_state& t = state();
  const sync::scoped_lock lock(t.mutex);
  const sync::thread_id me = sync::this_thread_id();
  taken_ = t.owner == me || await_locked(patience);
  if (!taken_) return;
  counted_ = true;
  outer_use_ = std::exchange(t.use, what);
  outer_path_ = std::exchange(t.path, path);
  if (t.depth++ != 0) return;
  t.owner = me;
  t.number = os::this_thread_number();
  t.since = os::now();
  ++t.call;
}

void loader_turn::leave() noexcept {
  if (!std::exchange(counted_, false)) return;
  turn_state& t = state();
  const sync::scoped_lock lock(t.mutex);
  t.use = outer_use_;
  t.path = outer_path_;
  if (--t.depth != 0) return;
  t.owner = 0;
  t.changed.notify_all();
}

// The owner cannot leave, nor end, while it is looked at: for that it needs the mutex.
bool loader_turn::await_locked(duration patience) noexcept {
  turn_state& t = state();
  patience_left left(patience);
  while (t.owner != 0) {
    const bool over = left.is_over(t.call);
    const bool waits_for_us = left.waited() >= first_look && os::waits_for_this_thread(t.number, &t.mutex);
    if (over || waits_for_us) {
      tell_locked(waits_for_us);
      return false;
    }
    waited_ = true;
    wait_beside_forks(t.changed, t.mutex, left.next());
  }
  return true;
}

void loader_turn::tell_locked(bool waits_for_us) noexcept {
  const turn_state& t = state();
  try {
    who_ = describe_worker(t.number, words_for(t.use), t.path, os::now() - t.since, waits_for_us);
  } catch (const std::bad_alloc&) {
    // the code alone tells
  }
}

std::string describe_worker(std::uint64_t thread, const char* doing, const char* path, duration time,
                            bool waits_for_us) {
  return fmt::format("thread {} has been {} {} for {:.3f} s{}", thread, doing, path,
                     static_cast<double>(time.nanoseconds) / 1e9,
                     waits_for_us ? ", and waits for this thread" : "");
}

void explain_busy(os::fault& fault, const loader_turn& turn) {
  fault.cause = errc::loader_busy;
  fault.explanation = turn.who();
}

} // namespace tenure::inline v1::detail
