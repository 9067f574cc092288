// Static objects of modules that open, throw, exit, or wait for the host.
#include "case.hpp"
#include "modules/interface.hpp"

#include <cstdlib>
#include <mutex>
#include <thread>

namespace misuse {
namespace {

// The host that a module's static objects call: through the way under test.
template <class Way> struct called_by_modules {
  static inline Way* way = nullptr;
  static inline std::mutex mutex;
  static inline gate locked{};
  static inline host_calls calls{};

  static void* open(const char* name) {
    try {
      return new typename Way::module(way->open(way->file(name)));
    } catch (const tenure::error&) {
    } catch (const refused&) {
    }
    return nullptr;
  }
  static void close(void* opened) { delete static_cast<typename Way::module*>(opened); }
  static void take_mutex() {
    locked.enter();
    const std::scoped_lock lock(mutex);
  }
  static void serve(Way& by) {
    way = &by;
    calls = {open, close, take_mutex};
    ::setenv(host_variable, std::to_string(reinterpret_cast<std::uintptr_t>(&calls)).c_str(), 1);
  }
};

template <class Way> void serve(Way& way) { called_by_modules<Way>::serve(way); }

constexpr auto initialiser_opens = [](auto& way) {
  serve(way);
  auto module = way.open(way.file("ctor_opens"));
  expect(address_of<int()>(module, "has_opened")() == 1, "the initialiser could open");
  module.reset();
  const verdict v = way.let_go("ctor_opens");
  return v.is == fate::survives && !way.keeps_pages() ? way.let_go("misuse_plain") : v;
};

constexpr auto cycle = [](auto& way) {
  serve(way);
  auto module = way.open(way.file("cycle_a"));
  module.reset();
  return way.let_go("cycle_a");
};

constexpr auto throws = [](auto& way) { return open_and_close(way, way.file("ctor_throws")); };

template <class Way> bool opens(Way& way, const char* name) {
  try {
    auto module = way.open(way.file(name));
    return true;
  } catch (const tenure::error&) {
  } catch (const refused&) {
  } catch (const std::runtime_error&) { // the initialiser's own, through dlopen
  }
  return false;
}

constexpr auto throws_then_other_thread = [](auto& way) {
  expect(!opens(way, "ctor_throws"), "what throws is not opened");
  std::exception_ptr said;
  std::thread([&] {
    try {
      auto module = way.open(way.file("toolbox"));
    } catch (...) { // told to the parent as if it had been thrown here
      said = std::current_exception();
    }
  }).join();
  if (said != nullptr) std::rethrow_exception(said);
  return verdict{};
};

constexpr auto throws_then_again = [](auto& way) {
  expect(!opens(way, "ctor_throws"), "what throws is not opened");
  return open_and_close(way, way.file("ctor_throws"));
};

constexpr auto throws_then_next = [](auto& way) {
  expect(!opens(way, "ctor_throws"), "what throws is not opened");
  auto module = way.open(way.file("toolbox"));
  expect(answer_of(module) == 42, "this thread can still open");
  module.reset();
  return way.let_go("toolbox");
};

constexpr auto factory_fails = [](auto& way) {
  try {
    auto object = way.open(way.file("toolbox")).template create<widget>("make_nothing");
    expect(object.get() == nullptr, "there is no object");
  } catch (const tenure::error&) {
  }
  return way.let_go("toolbox");
};

constexpr auto finaliser_throws = [](auto& way) {
  way.distrust_files();
  auto module = way.open(way.file("dtor_throws"));
  module.reset();
  return way.let_go("dtor_throws");
};

constexpr auto initialiser_exits = [](auto& way) {
  way.distrust_files();
  return open_and_close(way, way.file("ctor_exits"));
};

// The first cancellation makes glibc load libgcc_s: that must not come while an initialiser waits.
void cancel_once() {
  static gate never;
  pthread_t thread;
  const auto body = [](void*) -> void* {
    never.await_inside();
    return nullptr;
  };
  expect(::pthread_create(&thread, nullptr, body, nullptr) == 0, "there is a thread");
  ::pthread_cancel(thread);
  ::pthread_join(thread, nullptr);
}

// A thread is cancelled while an initialiser waits; others can still open.
constexpr auto cancelled_in_initialiser = [](auto& way) {
  using host = called_by_modules<std::decay_t<decltype(way)>>;
  serve(way);
  static std::decay_t<decltype(way)>* the_way = &way;
  static gate may_go_on;
  cancel_once();
  host::calls.take_mutex = [] {
    host::locked.enter();
    may_go_on.await_inside(); // a place where a thread can be cancelled
  };
  pthread_t thread;
  const auto body = [](void*) -> void* {
    auto module = the_way->open(the_way->file("ctor_locks"));
    return nullptr;
  };
  expect(::pthread_create(&thread, nullptr, body, nullptr) == 0, "there is a thread");
  host::locked.await_inside();
  ::pthread_cancel(thread);
  may_go_on.enter();
  ::pthread_join(thread, nullptr);
  auto module = way.open(way.file("toolbox"));
  expect(answer_of(module) == 42, "another thread can open");
  module.reset();
  return way.let_go("toolbox");
};

// A thread that is to be cancelled opens a module: it may end there, but as a cancelled thread does.
constexpr auto opens_while_cancelled = [](auto& way) {
  static std::decay_t<decltype(way)>* the_way = &way;
  pthread_t thread;
  const auto body = [](void*) -> void* {
    ::pthread_cancel(::pthread_self());
    auto module = the_way->open(the_way->file("toolbox"));
    return nullptr;
  };
  expect(::pthread_create(&thread, nullptr, body, nullptr) == 0, "there is a thread");
  ::pthread_join(thread, nullptr);
  auto module = way.open(way.file("toolbox"));
  expect(answer_of(module) == 42, "another thread can open");
  module.reset();
  return way.let_go("toolbox");
};

// Thread 1's initialiser wants a mutex of the host; thread 2 has it, and opens.
constexpr auto lock_order = [](auto& way) {
  using host = called_by_modules<std::decay_t<decltype(way)>>;
  serve(way);
  std::unique_lock lock(host::mutex);
  std::thread other([&] { auto module = way.open(way.file("ctor_locks")); });
  host::locked.await_inside();
  std::exception_ptr said;
  try {
    auto module = way.open(way.file("toolbox"));
  } catch (...) { // told once the other thread is done
    said = std::current_exception();
  }
  lock.unlock();
  other.join();
  if (said != nullptr) std::rethrow_exception(said);
  return verdict{};
};

} // namespace

case_table initialiser_cases() {
  const expectation poisoned = refuses("ctor_throws");
  const expectation remembered = refuses("ctor_throws");
  const expectation in_time = refuses("ctor_locks");
  const expectation uncancelled = survives();
  // Unless asked for, nobody looks at the stack, and at the process's end a finaliser that is on it may go.
  const outlook in_cycle{
      level::own_stack, defers("each other"),
      known_gap_by_luck("departure checks, which `none` leaves out", defers("each other"))};
  return {
      {"a11a", "an initialiser opens another module, its finaliser releases it", initialiser_opens,
       survives()},
      {"a11b", "two modules open each other in their initialisers", cycle, in_cycle},
      {"a17a", "an initialiser throws", throws, refuses("not today")},
      {"a17a2", "an initialiser throws, and another thread opens another module", throws_then_other_thread,
       poisoned, true},
      {"a17a3", "an initialiser throws, and this thread opens another module", throws_then_next, survives()},
      {"a17b", "an initialiser throws, and the module is opened again", throws_then_again, remembered},
      {"a17c", "a factory gives nothing", factory_fails, survives()},
      {"a17f", "a thread is cancelled while it runs an initialiser", cancelled_in_initialiser, survives(),
       true},
      {"a17g", "a thread opens while its cancellation is pending", opens_while_cancelled, uncancelled},
      {"a17d", "a finaliser throws", finaliser_throws,
       if_strict(refuses("child process"), dies("not today"))},
      {"a17e", "an initialiser exits the process", initialiser_exits,
       if_strict(refuses("it called exit"), dies("exit 3"))},
      {"a24", "an initialiser waits for the host's mutex, whose owner opens another module", lock_order,
       in_time, true},
  };
}

} // namespace misuse
