// What a host still has of a module after the last handle has gone.
#include "case.hpp"
#include "modules/interface.hpp"

#include <coroutine>
#include <cstring>
#include <memory_resource>
#include <ostream>
#include <sys/mman.h>
#include <thread>
#include <ucontext.h>
#include <vector>

namespace misuse {
namespace {

// Takes `Kept` from the module, closes it, and uses what was kept. Not on the stack: where a program keeps
// it.
template <class Kept, class Take, class Use> constexpr auto kept_after_close(Take, Use) {
  return [](auto& way) {
    auto module = way.open(way.file("toolbox"));
    const auto kept = std::make_unique<Kept>();
    Take{}(module, *kept);
    module.reset();
    const verdict v = way.let_go("toolbox");
    Use{}(*kept);
    return v;
  };
}

template <class Kept, class Use> constexpr auto made_by(auto factory, Use use) {
  return kept_after_close<Kept>(
      [](auto& module, Kept& kept) { address_of<void(Kept*)>(module, decltype(factory){}())(&kept); }, use);
}

template <class Kept, class Use> constexpr auto given_by(auto function, Use use) {
  return kept_after_close<Kept>(
      [](auto& module, Kept& kept) { kept = address_of<Kept()>(module, decltype(function){}())(); }, use);
}

constexpr auto function_pointer =
    kept_after_close<int (*)()>([](auto& module, auto& kept) { kept = address_of<int()>(module, "answer"); },
                                [](auto& kept) { expect(kept() == 42, "the function gives its answer"); });

constexpr auto variable =
    kept_after_close<int*>([](auto& module, auto& kept) { kept = address_of<int>(module, "number"); },
                           [](auto& kept) { expect(*kept == 42, "the variable has its value"); });

constexpr auto std_function_call =
    made_by<std::function<int()>>([] { return "make_function"; },
                                  [](auto& kept) { expect(kept() == 42, "the function gives its answer"); });
constexpr auto std_function_destroy =
    made_by<std::function<int()>>([] { return "make_function"; }, [](auto& kept) { kept = nullptr; });
constexpr auto shared_ptr_deleter =
    made_by<std::shared_ptr<int>>([] { return "make_shared_number"; }, [](auto& kept) { kept.reset(); });
constexpr auto vtable = given_by<widget*>([] { return "make_widget"; },
                                          [](auto& kept) {
                                            expect(kept->value() == 42, "the object gives its value");
                                            delete kept;
                                          });
constexpr auto string_literal = given_by<const char*>(
    [] { return "literal"; },
    [](auto& kept) {
      expect(std::strcmp(kept, "a literal of the module") == 0, "the literal reads as it did");
    });
constexpr auto error_code = made_by<std::error_code>([] { return "make_code"; },
                                                     [](auto& kept) {
                                                       expect(kept.message() == "a message of the module",
                                                              "the category gives its message");
                                                     });
constexpr auto any_value = made_by<std::any>([] { return "make_any"; }, [](auto& kept) { kept.reset(); });
constexpr auto type_info = given_by<const std::type_info*>(
    [] { return "own_type_info"; },
    [](auto& kept) { expect(std::strstr(kept->name(), "own_type") != nullptr, "the type has its name"); });
constexpr auto memory_resource = given_by<std::pmr::memory_resource*>(
    [] { return "resource"; },
    [](auto& kept) {
      expect(std::pmr::vector<int>(10, 42, kept).back() == 42, "the resource gives memory");
    });
constexpr auto stream_buffer = given_by<std::streambuf*>(
    [] { return "buffer"; },
    [](auto& kept) { expect(static_cast<bool>(std::ostream(kept) << "text"), "the buffer takes text"); });
constexpr auto callback_left = given_by<const listener*>(
    [] { return "static_listener"; }, [](auto& kept) { expect(kept->told() == 42, "the listener answers"); });

// A host's queue, in which a task of the module waits for its turn.
constexpr auto queued_task = kept_after_close<std::vector<std::function<int()>>>(
    [](auto& module, auto& kept) {
      address_of<void(std::function<int()>*)>(module, "make_function")(&kept.emplace_back());
    },
    [](auto& kept) { expect(kept.front()() == 42, "the task gives its result"); });

// A table of functions, as C plug-ins fill in.
struct operations {
  int version = 1;
  int (*answer)() = nullptr;
};
constexpr auto table_of_functions = kept_after_close<operations>(
    [](auto& module, auto& kept) { kept.answer = address_of<int()>(module, "answer"); },
    [](auto& kept) { expect(kept.answer() == 42, "the operation gives its answer"); });

struct suspended {
  int result = 0;
  void* frame = nullptr;
};
constexpr auto coroutine = kept_after_close<suspended>(
    [](auto& module, auto& kept) {
      kept.frame = address_of<void*(int*)>(module, "make_coroutine")(&kept.result);
    },
    [](auto& kept) {
      std::coroutine_handle<>::from_address(kept.frame).resume();
      expect(kept.result == 42, "the coroutine goes on");
    });

// Where else a program may keep a pointer.
using answer_function = int (*)();

struct in_static_storage {
  static inline answer_function kept = nullptr;
  answer_function& operator*() { return kept; }
};
struct in_thread_local_storage {
  static inline thread_local answer_function kept = nullptr;
  answer_function& operator*() { return kept; }
};
template <int Sharing> struct in_mapped_memory {
  answer_function* kept = static_cast<answer_function*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, Sharing | MAP_ANONYMOUS, -1, 0));
  answer_function& operator*() { return *kept; }
};
struct in_local_variable {
  answer_function kept = nullptr;
  answer_function& operator*() { return kept; }
};

template <class Place> constexpr auto kept_in(Place) {
  return [](auto& way) {
    Place place;
    auto module = way.open(way.file("toolbox"));
    *place = address_of<int()>(module, "answer");
    module.reset();
    const verdict v = way.let_go("toolbox");
    expect((*place)() == 42, "the function gives its answer");
    return v;
  };
}

// In a frame of the host's on another thread, which waits.
constexpr auto on_other_stack = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  gate has_it, may_call;
  int result = 0;
  std::thread other([&, answer = module.template symbol<int()>("answer")]() mutable {
    const answer_function kept = answer.get();
    answer = {};
    has_it.enter();
    may_call.await_inside();
    result = kept();
  });
  has_it.await_inside();
  module.reset();
  const verdict v = way.let_go("toolbox");
  may_call.enter();
  other.join();
  expect(result == 42, "the function gives its answer");
  return v;
};

// A fiber that waits inside the module's function, and is resumed after the close.
template <class Way> struct suspended_fiber {
  ucontext_t inside{}, outside{};
  int (*call_back)(callback, void*) = nullptr;
  int result = 0;
  std::vector<char> stack = std::vector<char>(std::size_t{256} << 10);
  static inline suspended_fiber* current = nullptr;

  static void leave(void*) { ::swapcontext(&current->inside, &current->outside); }
  static void run() { current->result = current->call_back(leave, nullptr); }
  void resume() { ::swapcontext(&outside, &inside); }
  void start() {
    current = this;
    ::getcontext(&inside);
    inside.uc_stack.ss_sp = stack.data();
    inside.uc_stack.ss_size = stack.size();
    inside.uc_link = &outside;
    ::makecontext(&inside, run, 0);
    resume();
  }
};

constexpr auto fiber = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  const auto waiting = std::make_unique<suspended_fiber<std::decay_t<decltype(way)>>>();
  waiting->call_back = address_of<int(callback, void*)>(module, "call_back");
  waiting->start();
  module.reset();
  const verdict v = way.let_go("toolbox");
  waiting->resume();
  expect(waiting->result == 42, "the function comes back");
  return v;
};

// Still owned through the way's own handle of an object.
constexpr auto owned_object = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  auto object = module.template create<widget>("make_widget");
  module.reset();
  static_cast<void>(way.let_go("toolbox"));
  expect(object->value() == 42, "the object gives its value");
  object.reset();
  return way.let_go("toolbox");
};

// Still called through the way's own handle of a function.
constexpr auto owned_function = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  auto answer = module.template symbol<int()>("answer");
  module.reset();
  static_cast<void>(way.let_go("toolbox"));
  expect(answer() == 42, "the function gives its answer");
  answer = {};
  return way.let_go("toolbox");
};

// Where the old module was, another one lies by now: the pointer leads to somebody else's code.
constexpr auto stale_call_into_next = [](auto& way) {
  const auto kept = std::make_unique<int (*)()>(nullptr);
  auto module = way.open(way.file("plain"));
  *kept = address_of<int()>(module, "answer");
  module.reset();
  const verdict v = way.let_go("plain");
  const auto next = way.open(way.file("new_code"));
  expect((*kept)() == 42, "a stale pointer does not call another module");
  return v;
};

} // namespace

case_table kept_cases() {
  const auto stale = [](const char* id, const char* claim, body run) {
    return test_case{id, claim, run, references_see()};
  };
  return {
      {"a03", "a function is called through the way's own handle after the module's was dropped",
       owned_function, survives()},
      stale("a03a", "a bare function pointer is called after the close", function_pointer),
      stale("a03b", "a std::function of the module is called after the close", std_function_call),
      stale("a03c", "a std::function of the module is destroyed after the close", std_function_destroy),
      stale("a03d", "a shared_ptr with the module's deleter is reset after the close", shared_ptr_deleter),
      {"a03e", "a virtual call after the module's handle was dropped; the object has its own", owned_object,
       survives()},
      stale("a03e2", "a virtual call on a bare pointer after the close", vtable),
      stale("a03f", "a literal of the module is read after the close", string_literal),
      stale("a03g", "an error_code's category is asked after the close", error_code),
      stale("a03h", "a std::any with the module's type is destroyed after the close", any_value),
      stale("a03i", "a variable of the module is read after the close", variable),
      stale("a03j", "a coroutine of the module is resumed after the close", coroutine),
      stale("a03k", "a type_info of the module is asked for its name after the close", type_info),
      stale("a03l", "a memory resource of the module gives memory after the close", memory_resource),
      stale("a03m", "a stream buffer of the module is written to after the close", stream_buffer),
      stale("a03n", "a C table of the module's functions is used after the close", table_of_functions),
      stale("a03o", "the next module lies where the old one was, and a stale pointer is called",
            stale_call_into_next),
      stale("a03p", "a bare pointer in a local variable is called after the close",
            kept_in(in_local_variable{})),
      stale("a03q", "the same in a static variable", kept_in(in_static_storage{})),
      stale("a03r", "the same in a thread_local variable", kept_in(in_thread_local_storage{})),
      stale("a03s", "the same in mapped memory", kept_in(in_mapped_memory<MAP_PRIVATE>{})),
      {"a03t", "the same in memory shared with other processes, which no check reads",
       kept_in(in_mapped_memory<MAP_SHARED>{}), stale_use()},
      stale("a03u", "the same in a frame of another thread, which waits", on_other_stack),
      stale("a21", "a fiber waits inside the module, and is resumed after the close", fiber),
      stale("a14", "a listener of the module is told after the close", callback_left),
      stale("a14b", "a task of the module is run from the host's queue after the close", queued_task),
  };
}

} // namespace misuse
