// Threads that are in a module's code, or will be, when it is closed.
#include "case.hpp"
#include "child.hpp"
#include "modules/interface.hpp"

#include <thread>
#include <unistd.h>

namespace misuse {
namespace {

struct pipe_ends {
  int ends[2];
  pipe_ends() { expect(::pipe(ends) == 0, "there is a pipe"); }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  ~pipe_ends() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  void wake() const { expect(::write(ends[1], "", 1) == 1, "a byte goes into the pipe"); }
};

void join(pthread_t thread) { expect(::pthread_join(thread, nullptr) == 0, "the thread ends"); }

// A thread that the module itself has started; nothing of the host stands for it.
constexpr auto spinning = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  gate g;
  const pthread_t thread = address_of<pthread_t(gate*)>(module, "start_spinning")(&g);
  g.await_inside();
  module.reset();
  const verdict v = way.let_go("toolbox");
  g.open.store(1);
  join(thread);
  return v;
};

constexpr auto blocked_in_kernel = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  const pipe_ends pipe;
  gate g;
  g.wait_on = pipe.ends[0];
  const pthread_t thread = address_of<pthread_t(gate*)>(module, "start_blocking")(&g);
  g.await_inside();
  module.reset();
  const verdict v = way.let_go("toolbox");
  pipe.wake();
  join(thread);
  return v;
};

constexpr auto blocked_in_mutex = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  gate g;
  g.mutex = &mutex;
  ::pthread_mutex_lock(&mutex);
  const pthread_t thread = address_of<pthread_t(gate*)>(module, "start_locking")(&g);
  g.await_inside();
  module.reset();
  const verdict v = way.let_go("toolbox");
  ::pthread_mutex_unlock(&mutex);
  join(thread);
  return v;
};

constexpr auto joinable_static_thread = [](auto& way) {
  auto module = way.open(way.file("static_thread"));
  const pipe_ends pipe;
  gate g;
  g.wait_on = pipe.ends[0];
  address_of<void(gate*)>(module, "begin")(&g);
  g.await_inside();
  module.reset();
  const verdict v = way.let_go("static_thread");
  end_of_child(v, ::_exit); // at exit it terminates, loaded or not
  return v;
};

template <class Name> constexpr auto joined_by_destructor(Name) {
  return [](auto& way) {
    auto module = way.open(way.file(Name{}()));
    address_of<void()>(module, "begin")();
    module.reset();
    return way.let_go(Name{}());
  };
}

// The thread that used the thread_local still runs at the close, and ends after it.
constexpr auto thread_local_elsewhere = [](auto& way) {
  auto module = way.open(way.file("thread_local"));
  gate g;
  std::thread other([&, touch = address_of<int()>(module, "touch")] {
    expect(touch() == 42, "the thread_local has its value");
    g.enter();
    g.open.wait(0);
  });
  g.await_inside();
  module.reset();
  const verdict v = way.let_go("thread_local");
  g.open.store(1);
  g.open.notify_all();
  other.join();
  const verdict now = way.sweep("thread_local");
  return now.is == fate::survives ? v : now;
};

constexpr auto key_destructor = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  pthread_key_t key;
  address_of<void(pthread_key_t*)>(module, "leave_key")(&key);
  module.reset();
  const verdict v = way.let_go("toolbox");
  std::thread([&] { ::pthread_setspecific(key, &key); }).join();
  return v;
};

// Another thread is inside a function of the module, through the way's own handle, a bare pointer, a guard.
template <class Call> constexpr auto call_in_flight(Call) {
  return [](auto& way) {
    auto module = way.open(way.file("toolbox"));
    const pipe_ends pipe;
    gate g;
    g.wait_on = pipe.ends[0];
    int result = 0;
    std::thread other = Call{}(module, g, result);
    g.await_inside();
    module.reset();
    const verdict v = way.let_go("toolbox");
    g.open.store(1);
    pipe.wake();
    other.join();
    expect(result == 42, "the call comes back");
    return v;
  };
}

constexpr auto in_flight_by_symbol = call_in_flight([](auto& module, gate& g, int& result) {
  return std::thread([&, call = module.template symbol<int(gate*)>("block_here")] { result = call(&g); });
});
constexpr auto in_flight_by_pointer = call_in_flight([](auto& module, gate& g, int& result) {
  return std::thread([&, call = address_of<int(gate*)>(module, "block_here")] { result = call(&g); });
});
constexpr auto in_flight_spinning = call_in_flight([](auto& module, gate& g, int& result) {
  return std::thread([&, call = address_of<int(gate*)>(module, "spin_here")] { result = call(&g); });
});
constexpr auto in_flight_guarded = call_in_flight([](auto& module, gate& g, int& result) {
  return std::thread([&result, &g, held = module] {
    const auto inside = held.enter();
    result = address_of<int(gate*)>(held, "block_here")(&g);
  });
});

// The thread exists and has not begun: its first function is the module's.
constexpr auto not_begun = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  const pipe_ends pipe;
  gate g, begun;
  g.wait_on = pipe.ends[0];
  const auto first = std::make_unique<int (*)(gate*)>(address_of<int(gate*)>(module, "block_here"));
  std::thread other([&] {
    begun.open.wait(0);
    (*first)(&g);
  });
  module.reset();
  const verdict v = way.let_go("toolbox");
  begun.open.store(1);
  begun.open.notify_all();
  pipe.wake();
  other.join();
  return v;
};

} // namespace

case_table thread_cases() {
  return {
      {"a05a", "a thread of the module spins in its code at the close", spinning, threads_see()},
      {"a05b", "a thread of the module sleeps in the kernel, and returns into its code", blocked_in_kernel,
       threads_see()},
      {"a05c", "a static object of the module is a joinable thread", joinable_static_thread,
       threads_see(dies("terminat"))},
      {"a05d", "a static destructor joins a thread that calls dlsym",
       joined_by_destructor([] { return "join_dlsym"; }), threads_see(dies("hang")), true},
      {"a05e", "a static destructor joins a thread that touches a thread_local first",
       joined_by_destructor([] { return "join_tls"; }), threads_see(dies("hang")), true},
      {"a05f", "a thread of the module waits for a mutex", blocked_in_mutex, threads_see()},
      {"a05g", "a thread has not begun yet; its first call will be the module's", not_begun,
       references_see()},
      {"a06a", "a thread used a thread_local with a destructor, and ends after the close",
       thread_local_elsewhere, if_strict(defers(), lingers("tls_destructor_pending"))},
      {"a06b", "a pthread key has a destructor of the module, and a thread ends after the close",
       key_destructor, references_see()},
      {"a09a", "another thread is inside the module through the way's own handle", in_flight_by_symbol,
       defers("busy")},
      {"a09b", "another thread is inside the module through a bare pointer, blocked", in_flight_by_pointer,
       threads_see()},
      {"a09c", "another thread is inside the module through a bare pointer, running", in_flight_spinning,
       threads_see()},
      {"a09d", "another thread is inside the module under a guard", in_flight_guarded, defers("busy")},
  };
}

} // namespace misuse
