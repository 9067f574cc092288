// The only thread that Tenure ever starts.
#include "failure_access.hpp"
#include "registry.hpp"

#include <tenure/sweeper.hpp>

#include <algorithm>
#include <chrono>
#include <new>
#include <system_error>
#include <thread>

namespace tenure::inline v1::detail {

struct sweeper_thread {
  sweeper_thread(registry& g, duration every, sweep_observer whom)
      : swept(g)
      , interval(every)
      , observer(whom) {}

  void run() {
    time_point round = os::now() + interval;
    const sync::scoped_lock lock(swept.mutex);
    while (!stop) {
      const bool woken = swept.deferred.wait_for(swept.mutex, wait_locked(round));
      if (woken || stop) continue; // what is to be tried again has changed
      swept.mutex.unlock();
      {
        const unload_report report = sweep_registry(swept, nullptr, swept.check);
        if (observer.told != nullptr && !report.empty()) observer.told(observer.context, report);
      }
      round = os::now() + interval;
      swept.mutex.lock();
    }
  }

  // To the end of the round, or sooner if a close waits to be tried again.
  [[nodiscard]] std::chrono::nanoseconds wait_locked(time_point round) const noexcept {
    constexpr std::int64_t shortest =
        100'000; // nanoseconds: a clock that stands still must not make this a busy loop
    std::int64_t wait = (round - os::now()).nanoseconds;
    const time_point again = swept.next_try_locked();
    if (again != never) wait = std::min(wait, (again - swept.now()).nanoseconds);
    return std::chrono::nanoseconds(std::max(wait, shortest));
  }

  registry& swept; // kept by a share of it
  const duration interval;
  const sweep_observer observer;
  bool stop = false; // with the registry's mutex
  std::thread thread;
  os::fork_watcher forks; // a child of fork() has no such thread
  bool here = true;       // false in a child; only touched when there is one thread, or by stop
};

namespace {

// The registry's own watcher sees to the rest; nobody may wait for this thread to end.
void note_child(void* context) noexcept {
  auto& t = *static_cast<sweeper_thread*>(context);
  t.thread.detach();
  t.here = false;
}

} // namespace

sweeper_thread* start_sweeper(registry& g, duration interval, sweep_observer observer, failure& why) noexcept {
  sweeper_thread* t = nullptr;
  try {
    t = new sweeper_thread(g, interval, observer);
    t->thread = std::thread([t] { t->run(); });
    t->forks = {nullptr, nullptr, note_child, t, nullptr};
    os::add_fork_watcher(t->forks);
    g.keep();
    return t;
  } catch (const std::bad_alloc&) {
    set_failure(why, errc::out_of_memory, "", "");
  } catch (const std::system_error& refused) {
    set_failure(why, errc::thread_not_started, "", refused.what());
  }
  delete t;
  return nullptr;
}

void stop_sweeper(sweeper_thread* t) noexcept {
  registry& g = t->swept;
  {
    const sync::scoped_lock lock(g.mutex);
    t->stop = true;
    g.deferred.notify_all();
  }
  if (t->here) t->thread.join();
  os::remove_fork_watcher(t->forks);
  delete t;
  registry::let_go(g);
}

} // namespace tenure::inline v1::detail
