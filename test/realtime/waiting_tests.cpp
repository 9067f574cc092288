// While another thread is stopped inside a module's initialiser, and with it the loader and its lock, these
// calls return. One that waited would be waited for by the test in turn: it would never end.
#include "os/os.hpp"
#include "support/hook.hpp"
#include "support/modules.hpp"
#include "support/scratch.hpp"
#include "support/until.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <new>
#include <thread>

using tenure_test::module_path;

namespace {

// Counts what this thread asks the allocator for.
thread_local std::size_t allocations = 0;

} // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size != 0 ? size : 1);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace {

template <class Call> std::size_t allocations_of(Call&& call) {
  const std::size_t before = allocations;
  call();
  return allocations - before;
}

// A module is in use; then another thread loads one more, and is stopped in its initialiser until the end.
template <class Policy> struct world {
  tenure_test::signal inside, go_on;
  tenure_test::hook hook{[this](const std::string&, module_event what) {
    if (what != module_event::initialised) return;
    inside.set();
    static_cast<void>(go_on.wait());
  }};
  const tenure_test::scratch folder;
  const std::string stopped_in = folder.copy("hooked_a"); // it may stay, and begins but once
  tenure::manager<Policy> modules;
  const std::string path = module_path("libbasic.so");
  tenure::module held = modules.open(path);
  tenure::weak_module idle = modules.open(module_path("second")); // known to the policy, without a reference
  tenure::factory<widget> widgets{held, "make_widget"};
  std::thread loader;

  world() {
    loader = std::thread([this] { static_cast<void>(modules.open(stopped_in)); });
    REQUIRE(inside.wait());
  }
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  ~world() {
    go_on.set();
    loader.join();
  }
};

} // namespace

#define SOME_POLICIES                                                                                        \
  tenure::policy::deferred_one, tenure::policy::periodic_sweep, tenure::policy::keep_warm<4>,                \
      tenure::policy::immediate

TEST_CASE_TEMPLATE("nobody waits for another thread's initialiser", Policy, SOME_POLICIES) {
  world<Policy> w;
  SUBCASE("an open of what is in use, which also allocates nothing") {
    tenure::module again;
    CHECK(allocations_of([&] { again = w.modules.open(w.path); }) <
          16); // among the first opens: looks at the file
    for (int i = 0; i != 64; ++i) again = w.modules.open(w.path);
    CHECK(allocations_of([&] { again = w.modules.open(w.path); }) == 0);
    CHECK(again == w.held);
  }
  SUBCASE("a symbol for the first time, and again without allocating") {
    int (*answer)() = nullptr;
    CHECK(w.held.template symbol<int()>("answer")() == 42);
    CHECK(allocations_of([&] { answer = w.held.template symbol<int()>("answer").get(); }) == 0);
    CHECK(answer() == 42);
    CHECK(*w.held.template symbol<int>("version") == 7);
  }
#if defined(__ELF__)
  SUBCASE("a symbol that neither the module nor what it needs has") {
    tenure::failure why;
    for (int i = 0; i != 2; ++i) CHECK(!w.held.template symbol<int()>("no_such_symbol", why));
    CHECK(why.code() == tenure::errc::symbol_not_found);
  }
#endif
  SUBCASE("a copy, its end, and a shortcut") {
    static constinit tenure::shortcut<int()> answer("answer");
    CHECK(answer.in(w.held)() == 42);
    const auto use = [&] {
      const tenure::module copy = w.held;
      CHECK(answer.in(copy)() == 42);
    };
    use();
    CHECK(allocations_of([&] { const tenure::module copy = w.held; }) == 0);
  }
  SUBCASE("a weak lock of an idle module") {
    tenure::module again;
    CHECK(allocations_of([&] { again = w.idle.lock(); }) == 0);
    CHECK(static_cast<bool>(again) == (std::is_same_v<Policy, tenure::policy::immediate> == false));
  }
  SUBCASE("an object is made, used and destroyed") {
    CHECK(w.held.template create<widget>("make_widget")->value() == 42);
    CHECK(w.widgets.create()->value() == 42);
  }
}

TEST_CASE("the loader is really stopped meanwhile, where it has a lock while an initialiser runs") {
  world<tenure::policy::deferred_one> w;
  tenure_test::signal opened;
  std::thread waits([&] {
    static_cast<void>(w.modules.open(module_path("third"))); // needs the loader
    opened.set();
  });
  for (int i = 0; i != 1000; ++i) CHECK(w.held.symbol<int()>("answer")() == 42);
  if (tenure::os::loads_one_by_one())
    CHECK(!opened.is_set());
  else
    CHECK(opened.wait());
  w.go_on.set();
  waits.join();
  CHECK(opened.is_set());
}
