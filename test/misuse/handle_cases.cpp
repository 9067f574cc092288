// Handles that are closed too often, too late, never, or by too many at once.
#include "case.hpp"
#include "child.hpp"
#include "modules/interface.hpp"

#include <optional>
#include <thread>

namespace misuse {
namespace {

constexpr auto double_close = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  module.reset();
  module.reset();
  return way.let_go("toolbox");
};

constexpr auto two_holders = [](auto& way) {
  auto a = way.open(way.file("toolbox"));
  auto b = way.open(way.file("toolbox"));
  const auto answer = address_of<int()>(b, "answer");
  a.reset();
  a.reset();
  static_cast<void>(way.let_go("toolbox"));
  expect(answer() == 42, "the other holder's module is still there");
  b.reset();
  return way.let_go("toolbox");
};

// The program closes the system's handle that a way has; then the way closes it as well.
constexpr auto closed_behind_its_back = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  ::dlclose(module.native_handle());
  module.reset();
  return way.let_go("toolbox");
};

constexpr auto adopted_and_closed = [](auto& way) {
  void* const handle = ::dlopen(way.file("toolbox").c_str(), RTLD_NOW);
  auto module = way.adopt(handle);
  ::dlclose(handle);
  module.reset();
  return way.let_go("toolbox");
};

constexpr auto closed_behind_and_called = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  auto answer = module.template symbol<int()>("answer");
  ::dlclose(module.native_handle());
  expect(answer() == 42, "a held function can be called");
  answer = {};
  module.reset();
  return way.let_go("toolbox");
};

constexpr auto adopted_nonsense = [](auto& way) {
  long no_handle[64];
  for (long& part : no_handle) part = 7; // nothing that could be followed
  auto module = way.adopt(no_handle);
  return verdict{fate::lies, "took an int for a module"};
};

constexpr auto final_close_twice = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  module.reset();
  static_cast<void>(way.let_go("toolbox"));
  return way.let_go("toolbox");
};

constexpr auto goes_by_itself = [](auto& way) {
  { auto module = way.open(way.file("toolbox")); }
  return way.let_go("toolbox");
};

// The handle itself is leaked: nobody can ever close it.
constexpr auto leaked_handle = [](auto& way) {
  using module = typename std::decay_t<decltype(way)>::module;
  static_cast<void>(new module(way.open(way.file("toolbox"))));
  return way.let_go("toolbox");
};

constexpr auto outlives_its_manager = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  auto object = module.template create<widget>("make_widget");
  module.reset();
  if constexpr (std::decay_t<decltype(way)>::managed) way.end();
  expect(object->value() == 42, "the object gives its value");
  object.reset();
  expect(!is_mapped("toolbox") || way.keeps_pages(), "the last handle's end closes the module");
  return verdict{};
};

// Opens race with last releases; each use must find the module whole.
constexpr auto resurrection_race = [](auto& way) {
  std::atomic<int> wrong{0};
  const auto work = [&] {
    for (int i = 0; i != 5000; ++i) {
      auto module = way.open(way.file("toolbox"));
      auto answer = module.template symbol<int()>("answer");
      if (answer() != 42) ++wrong;
    }
  };
  std::thread all[4];
  for (std::thread& t : all) t = std::thread(work);
  for (std::thread& t : all) t.join();
  expect(wrong == 0, "each call gives the answer");
  return way.let_go("toolbox");
};

// One thread closes everything again and again while others use it.
constexpr auto closing_race = [](auto& way) {
  std::atomic<bool> done{false};
  std::thread closer([&] {
    while (!done) static_cast<void>(way.let_go("toolbox"));
  });
  for (int i = 0; i != 2000; ++i) {
    auto object = way.open(way.file("toolbox")).template create<widget>("make_widget");
    expect(object->value() == 42, "the object gives its value");
  }
  done = true;
  closer.join();
  return way.let_go("toolbox");
};

// What the cycles may cost: the allocators' and the loader's own slack.
constexpr std::size_t slack = std::size_t{4} << 20;

// The strict level looks at all memory in each of them: a tenth as many take as long.
template <class Way> int number_of_cycles(const Way& way) {
  if constexpr (Way::managed)
    if (way.is_strict()) return 1'000;
  return 10'000;
}

template <class Cycle> constexpr auto cycles(Cycle) {
  return [](auto& way) {
    for (int i = 0; i != 200; ++i) Cycle{}(way);
    const std::size_t before = resident_bytes();
    for (int i = number_of_cycles(way); i != 0; --i) Cycle{}(way);
    const std::size_t after = resident_bytes();
    expect(after < before + slack, "the process does not grow");
    return verdict{fate::survives, "gone"};
  };
}

constexpr auto plain_cycles = cycles([](auto& way) {
  auto module = way.open(way.file("toolbox"));
  expect(answer_of(module) == 42, "the function gives its answer");
  module.reset();
  way.let_go("toolbox");
});
constexpr auto object_cycles = cycles([](auto& way) {
  auto object = way.open(way.file("toolbox")).template create<widget>("make_widget");
  object.reset();
  way.let_go("toolbox");
});
constexpr auto tls_cycles = cycles([](auto& way) {
  auto module = way.open(way.file("plain_thread_local"));
  std::thread([touch = address_of<int()>(module, "touch")] { touch(); }).join();
  module.reset();
  way.let_go("plain_thread_local");
});
constexpr auto throw_cycles = cycles([](auto& way) {
  auto module = way.open(way.file("toolbox"));
  address_of<void()>(module, "throw_and_catch")();
  module.reset();
  way.let_go("toolbox");
});
constexpr auto atexit_cycles = cycles([](auto& way) {
  auto module = way.open(way.file("toolbox"));
  address_of<void()>(module, "leave_atexit")();
  module.reset();
  way.let_go("toolbox");
});
constexpr auto failing_cycles = cycles([](auto& way) {
  bool opened = true;
  try {
    auto module = way.open(way.scratch("no_such_file.so"));
  } catch (const tenure::error&) {
    opened = false;
  } catch (const refused&) {
    opened = false;
  }
  expect(!opened, "a file that is not there is not opened");
});

} // namespace

case_table handle_cases() {
  const expectation behind = survives("had closed");
  return {
      {"a10", "four threads open, call and close one file", resurrection_race, survives()},
      {"a10b", "one thread closes all there is while another opens and uses it", closing_race, survives()},
      {"a12a", "a handle is closed twice", double_close, survives()},
      {"a12b", "of two holders one closes twice, and the other calls", two_holders,
       if_strict(defers(), survives())}, // the frame still has the bare pointer
      {"a12c", "the program closes the system's handle under the library", closed_behind_its_back, behind},
      {"a12c2", "the same, and a function that is held is called", closed_behind_and_called, dies()},
      {"a12j", "a handle is adopted, and closed by its former owner too", adopted_and_closed, behind},
      {"a12k", "something is adopted that is no handle", adopted_nonsense, refuses("handle")},
      {"a12d", "an object outlives the manager", outlives_its_manager, survives()},
      {"a12e", "the final close is called twice", final_close_twice, survives()},
      {"a12i", "a handle goes at the end of its scope", goes_by_itself, survives()},
      {"a12l", "a handle is leaked", leaked_handle, defers("busy")},
      {"a19a", "10,000 cycles (strict: 1,000) of open, call, close", plain_cycles, survives()},
      {"a19b", "10,000 cycles with an object", object_cycles, survives()},
      {"a19c", "10,000 cycles with a thread_local, used on a thread", tls_cycles, survives()},
      {"a19d", "10,000 cycles in which the module throws", throw_cycles, survives()},
      {"a19e", "10,000 cycles with an atexit handler", atexit_cycles, survives()},
      {"a19f", "10,000 opens that fail", failing_cycles, survives()},
  };
}

} // namespace misuse
