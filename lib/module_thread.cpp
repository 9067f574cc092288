#include "module_thread.hpp"

#include "os/fork.hpp"

#include <new>
#include <system_error>
#include <thread>

namespace tenure::inline v1::detail {
namespace {

void do_nothing(void*) noexcept {}

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

} // namespace

struct running_thread {
  std::thread thread;
  os::fork_watcher forks; // a child of fork() has no such thread
  bool here = true;       // false in a child; only touched when there is one thread, or by join
};

running_thread* start_thread(record& held, void (*body)(void*) noexcept, void* argument,
                             failure& why) noexcept {
  auto* const t = new (std::nothrow) running_thread;
  if (t == nullptr) {
    set_failure(why, errc::out_of_memory, "", "");
    return nullptr;
  }
  const bool runs = started(why, [&] {
    t->thread = std::thread([r = &held, body, argument] {
      body(argument);
      drop_reference(*r);
    });
  });
  if (!runs) {
    delete t;
    return nullptr;
  }
  t->forks = {do_nothing, do_nothing,
              [](void* self) noexcept {
                static_cast<running_thread*>(self)->thread.detach();
                static_cast<running_thread*>(self)->here = false;
              },
              t, nullptr};
  os::add_fork_watcher(t->forks);
  return t;
}

void join_thread(running_thread* t) noexcept {
  if (t->here) t->thread.join();
  os::remove_fork_watcher(t->forks);
  delete t;
}

bool start_detached(record& held, void (*body)(void*), void* argument, failure& why) noexcept {
  return started(why, [&] {
    std::thread([r = &held, body, argument]() noexcept {
      body(argument);
      drop_reference(*r);
    }).detach();
  });
}

} // namespace tenure::inline v1::detail
