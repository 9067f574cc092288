// The thread that sweeps.
#include "host_thread.hpp"
#include "registry.hpp"

#include <tenure/sweeper.hpp>

#include <algorithm>
#include <chrono>
#include <new>

namespace tenure::inline v1::detail {

struct sweeper_thread {
  sweeper_thread(registry& g, duration every, sweep_observer whom)
      : swept(g)
      , interval(every)
      , observer(whom) {}

  void run() {
    time_point round = later(os::now(), interval);
    const sync::scoped_lock lock(swept.mutex);
    while (!stop) {
      const std::chrono::nanoseconds wait = wait_locked(round);
      const bool woken = swept.deferred.wait_for(swept.mutex, std::min(wait, longest_wait));
      if (woken || stop || wait > longest_wait)
        continue; // what is to be tried again has changed, or nothing is due yet
      swept.mutex.unlock();
      {
        const unload_report report = sweep_registry(swept, nullptr, swept.check);
        if (observer.told != nullptr && !report.empty()) observer.told(observer.context, report);
      }
      round = later(os::now(), interval);
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

  static constexpr std::chrono::nanoseconds longest_wait =
      std::chrono::hours(1); // what the system can add to its clock

  registry& swept; // kept by a share of it
  const duration interval;
  const sweep_observer observer;
  bool stop = false;  // with the registry's mutex
  host_thread thread; // in a child the registry's own watcher sees to the rest
};

sweeper_thread* start_sweeper(registry& g, duration interval, sweep_observer observer,
                              failure& why) noexcept {
  auto* const t = new (std::nothrow) sweeper_thread(g, interval, observer);
  if (t == nullptr) {
    set_failure(why, errc::out_of_memory, "", "");
    return nullptr;
  }
  if (t->thread.start([t] { t->run(); }, why)) {
    g.keep();
    return t;
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
  t->thread.join();
  delete t;
  registry::let_go(g);
}

} // namespace tenure::inline v1::detail
