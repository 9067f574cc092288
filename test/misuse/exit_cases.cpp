// The process's end: what static objects of the host, and what forks, make of modules.
#include "case.hpp"
#include "child.hpp"
#include "modules/interface.hpp"

#include <csignal>
#include <cstdlib>
#include <optional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace misuse {
namespace {

// A static object of the host that owns something of a module. It tells whether its end went well.
template <class Owned> struct static_owner {
  std::optional<Owned> owned;
  verdict (*last_use)(Owned&) = nullptr;
  ~static_owner() {
    if (owned.has_value()) tell(last_use(*owned));
  }
};

template <class Owned> static_owner<Owned>& owner_made_early() {
  static static_owner<Owned> owner; // its destructor runs after those of whatever is made later
  return owner;
}

constexpr auto static_object = [](auto& way) {
  using owned = typename std::decay_t<decltype(way)>::template instance<widget>;
  static_owner<owned>& owner = owner_made_early<owned>();
  owner.owned.emplace(way.open(way.file("toolbox")).template create<widget>("make_widget"));
  owner.last_use = [](owned& object) {
    const bool right = object->value() == 42;
    object.reset();
    return verdict{right ? fate::survives : fate::lies, right ? "" : "a wrong value at exit"};
  };
  std::exit(0);
  return verdict{};
};

constexpr auto static_handle = [](auto& way) {
  using owned = typename std::decay_t<decltype(way)>::module;
  static_owner<owned>& owner = owner_made_early<owned>();
  owner.owned.emplace(way.open(way.file("toolbox")));
  owner.last_use = [](owned& module) {
    module.reset();
    return verdict{};
  };
  std::exit(0);
  return verdict{};
};

// A detached thread goes on with what is in the module while the process exits.
constexpr auto thread_at_exit = [](auto& way) {
  auto object = way.open(way.file("toolbox")).template create<widget>("make_widget");
  gate g;
  std::thread([&g, taken = std::move(object)]() mutable {
    g.enter();
    while (taken->value() == 42) {
    }
  }).detach();
  g.await_inside();
  end_of_child({}, std::exit);
  return verdict{};
};

int ends_well(pid_t child) {
  int status = -1;
  while (::waitpid(child, &status, 0) < 0) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 1 : 0;
}

// In the child only the forking thread goes on; whatever lock another one held stays held.
constexpr auto fork_while_opening = [](auto& way) {
  std::atomic<bool> done{false};
  std::thread all[3];
  for (std::thread& t : all)
    t = std::thread([&] {
      while (!done) {
        auto module = way.open(way.file("second"));
        module.reset();
        way.let_go("second");
      }
    });
  int well = 0;
  constexpr int children = 100;
  for (int i = 0; i != children; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(10); // one that hangs is no success; a busy machine is no hang
      auto module = way.open(way.file("toolbox"));
      ::_exit(answer_of(module) == 42 ? 0 : 1);
    }
    well += ends_well(child);
    if (well != i + 1) break;
  }
  done = true;
  for (std::thread& t : all) t.join();
  return well == children ? verdict{} : verdict{fate::dies, "a child of fork hangs or dies"};
};

// What was open before the fork is closed in the child.
constexpr auto closed_in_child = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  const pid_t child = ::fork();
  if (child == 0) {
    module.reset();
    ::_exit(way.let_go("toolbox").is == fate::survives ? 0 : 1);
  }
  expect(ends_well(child) == 1, "the child closes what it inherited");
  module.reset();
  return way.let_go("toolbox");
};

// A handler of the host that runs before each fork closes a module with such handlers of its own.
constexpr auto close_in_atfork = [](auto& way) {
  using way_type = std::decay_t<decltype(way)>;
  static way_type* the_way = &way;
  static std::optional<typename way_type::module> held;
  held.emplace(way.open(way.file("toolbox")));
  address_of<void()>(*held, "leave_atfork")();
  ::pthread_atfork(
      [] {
        held.reset();
        static_cast<void>(the_way->let_go("toolbox"));
      },
      nullptr, nullptr);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  expect(ends_well(child) == 1, "the child lives");
  return way.let_go("toolbox");
};

constexpr auto initialiser_forks = [](auto& way) {
  auto module = way.open(way.file("ctor_forks"));
  expect(answer_of(module) == 42, "the function gives its answer");
  module.reset();
  return way.let_go("ctor_forks");
};

} // namespace

case_table exit_cases() {
  return {
      {"a12f", "a static object of the host owns an object of a module", static_object, survives()},
      {"a12g", "a static handle is closed at exit", static_handle, survives()},
      {"a12h", "a detached thread uses a module while the process exits", thread_at_exit, survives()},
  };
}

case_table fork_cases() {
  const expectation whole_children = survives();
  return {
      {"a13", "three threads open and close while 100 children are forked, which open", fork_while_opening,
       whole_children, true},
      {"a13b", "a handler of fork closes a module that has such handlers", close_in_atfork, survives()},
      {"a13c", "a child of fork closes what its parent opened", closed_in_child, survives()},
      {"a13d", "an initialiser forks", initialiser_forks, survives()},
  };
}

} // namespace misuse
