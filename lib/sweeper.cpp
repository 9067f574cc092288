// The only thread that Tenure ever starts.
#include "failure_access.hpp"
#include "registry.hpp"

#include <tenure/sweeper.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

namespace tenure::inline v1::detail {

struct sweeper_thread {
  sweeper_thread(registry& g, duration every)
      : swept(g)
      , interval(every.nanoseconds) {}

  void run() {
    std::unique_lock<std::mutex> lock(mutex);
    while (!wakeup.wait_for(lock, interval, [this] { return stop; })) {
      lock.unlock();
      static_cast<void>(sweep_registry(swept, nullptr)); // what stays is in manager::report()
      lock.lock();
    }
  }

  registry& swept; // kept by a share of it
  const std::chrono::nanoseconds interval;
  std::mutex mutex; // guards `stop`; a leaf
  std::condition_variable wakeup;
  bool stop = false;
  std::thread thread;
  os::fork_watcher forks; // a child of fork() has no such thread
  bool here = true;       // false in a child; only touched when there is one thread, or by stop
};

namespace {

sweeper_thread& sweeping(void* context) noexcept { return *static_cast<sweeper_thread*>(context); }

void hold_stop(void* context) noexcept { sweeping(context).mutex.lock(); }
void release_stop(void* context) noexcept { sweeping(context).mutex.unlock(); }

// The condition's waiter is not here, so nobody may wait for it to go: neither by join nor by a destructor.
void note_child(void* context) noexcept {
  sweeper_thread& t = sweeping(context);
  t.thread.detach();
  t.here = false;
  ::new (static_cast<void*>(&t.wakeup)) std::condition_variable;
  t.mutex.unlock();
}

} // namespace

sweeper_thread* start_sweeper(registry& g, duration interval, failure& why) noexcept {
  sweeper_thread* t = nullptr;
  try {
    t = new sweeper_thread(g, interval);
    t->thread = std::thread([t] { t->run(); });
    t->forks = {hold_stop, release_stop, note_child, t, nullptr};
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
  {
    const std::lock_guard<std::mutex> lock(t->mutex);
    t->stop = true;
  }
  t->wakeup.notify_all();
  if (t->here) t->thread.join();
  os::remove_fork_watcher(t->forks);
  registry& g = t->swept;
  delete t;
  registry::let_go(g);
}

} // namespace tenure::inline v1::detail
