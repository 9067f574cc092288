// The levels of the departure check, as a manager applies them: what each finds defers the close, says where,
// and is tried again.
#include "departure/observer.hpp"
#include "modules/interface.hpp"
#include "os/references.hpp"
#include "support/closed.hpp"
#include "support/sanitizers.hpp"
#include "support/scratch.hpp"

#include <tenure/api.hpp>
#include <tenure/cached_symbol.hpp>
#include <tenure/factory.hpp>
#include <tenure/instance.hpp>
#include <tenure/shortcut.hpp>
#include <tenure/sweeper.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <type_traits>

using tenure::departure_check;
using tenure::unload_outcome;
using tenure_test::is_gone;
using tenure_test::is_loaded;
using tenure_test::scratch;

namespace {

template <departure_check Check> using strict = tenure::manager<tenure::policy::immediate, Check>;

// A thread in the code of a module to which nobody holds a handle.
class visitor {
public:
  template <class Manager> visitor(Manager& modules, const std::string& file) {
    const tenure::module m = modules.open(file);
    auto* const stay = m.symbol<int(const std::atomic<bool>*, std::atomic<bool>*)>("stay").get();
    thread_ = std::thread([this, stay] { stay(&leave_, &inside_); });
    while (!inside_) std::this_thread::yield();
  }
  visitor(const visitor&) = delete;
  visitor& operator=(const visitor&) = delete;
  ~visitor() { leave(); }
  void leave() {
    leave_ = true;
    if (thread_.joinable()) thread_.join();
  }

private:
  std::atomic<bool> leave_{false};
  std::atomic<bool> inside_{false};
  std::thread thread_;
};

// Else the level asks what `threads` asks. The sanitizers' allocators are not the one that the scan knows:
// what is freed stays as it was.
bool memory_is_searched() {
  return tenure::os::memory_is_searched() && !tenure_test::address_sanitizer &&
         !tenure_test::thread_sanitizer;
}

// What a step leaves in the frame that takes it is nothing that a module has left: so it gets one of its own,
// and no trace of it remains.
template <class Step> DEPARTURE_NOT_INLINED void apart(Step step) { step(); }
template <class Step> void without_trace(Step step) {
  apart(step);
  departure::wipe_dead_stack();
}

template <class Manager> std::string why_deferred(Manager& modules) {
  for (const tenure::unload_entry& e : modules.report())
    if (e.outcome == unload_outcome::deferred) return e.detail;
  return "";
}

} // namespace

TEST_CASE(
    "threads: a module that another thread is in stays until it has left, and the report names the thread") {
  const scratch folder;
  const std::string file = folder.copy("leaving");
  strict<departure_check::threads> modules;
  visitor inside(modules, file);
  CHECK(is_loaded(modules, file));
  CHECK(why_deferred(modules).find("thread ") == 0);
  CHECK(modules.sweep().count(unload_outcome::deferred) == 1);
  inside.leave();
  CHECK(modules.sweep().count(tenure_test::closed_outcome()) == 1);
  CHECK(is_gone(file));
}

TEST_CASE("threads can be asked about at one final close of a manager that does not ask by itself") {
  const scratch folder;
  const std::string file = folder.copy("leaving");
  tenure::manager<tenure::policy::final_close> modules;
  visitor inside(modules, file);
  CHECK(modules.final_close(departure_check::threads).count(unload_outcome::deferred) == 1);
  inside.leave();
  CHECK(tenure_test::all_closed(modules.final_close()));
  CHECK(is_gone(file));
}

TEST_CASE("references: a module that a function object points into stays, and the report says where" *
          doctest::skip(!memory_is_searched())) {
  const scratch folder;
  const std::string file = folder.copy("leaving");
  strict<departure_check::references> modules;
  auto left = std::make_unique<std::function<int()>>();
  without_trace(
      [&] { modules.open(file).symbol<void(std::function<int()>*)>("leave_function")(left.get()); });
  CHECK(is_loaded(modules, file));
  CHECK(why_deferred(modules).find("point") != std::string::npos);
  CHECK(why_deferred(modules).find("heap") != std::string::npos);
  without_trace([&] {
    CHECK((*left)() == 42);
    left.reset();
  });
  static_cast<void>(modules.sweep());
  CHECK(is_gone(file));
}

TEST_CASE("references: a module that left nothing behind goes at once" *
          doctest::skip(!memory_is_searched())) {
  const scratch folder;
  const std::string file = folder.copy("basic");
  strict<departure_check::references> modules;
  CHECK(modules.open(file).symbol<int()>("answer")() == 42);
  CHECK(why_deferred(modules) == "");
  CHECK(is_gone(file));
}

namespace {

using small_api = tenure::api<tenure::fn<"answer", int()>, tenure::var<"version", int>>;

} // namespace

TEST_CASE_TEMPLATE("references: a handle that was emptied, moved from or assigned to is no reference" *
                       doctest::skip(!memory_is_searched()),
                   Handle, tenure::symbol<int()>, small_api, tenure::instance<widget>) {
  const scratch folder;
  const std::string file = folder.copy("basic");
  strict<departure_check::references> modules;
  const auto made = [&]() -> Handle {
    if constexpr (std::is_same_v<Handle, small_api>)
      return modules.open(file).bind<small_api>();
    else if constexpr (std::is_same_v<Handle, tenure::instance<widget>>)
      return modules.open(file).create<widget>({"make_widget", "free_widget"});
    else
      return modules.open(file).symbol<int()>("answer");
  };
  const std::function<void(Handle&)> ways[] = {
      [](Handle& h) { h = Handle(); },
      [](Handle& h) { Handle taken(std::move(h)); },
      [](Handle& h) {
        Handle taken;
        taken = std::move(h);
        taken = Handle();
      },
      [](Handle& h) {
        if constexpr (std::is_same_v<Handle, tenure::instance<widget>>)
          h.reset();
        else
          h = {};
      },
  };
  for (const auto& way : ways) {
    const auto handle = std::make_unique<Handle>(); // which stays, empty, beside the close
    without_trace([&] { *handle = made(); });
    without_trace([&] { way(*handle); });
    CHECK(why_deferred(modules) == "");
    CHECK(is_gone(file));
  }
}

TEST_CASE("references: what remembers a module without holding it is no reference" *
          doctest::skip(!memory_is_searched())) {
  const scratch folder;
  const std::string file = folder.copy("basic");
  strict<departure_check::references> modules;
  static constinit tenure::shortcut<int()> answer("answer");
  tenure::cached_symbol<int()> cached;
  tenure::factory<widget> widgets;
  tenure::module m = modules.open(file);
  without_trace([&] {
    cached = m.symbol<int()>("answer");
    widgets = tenure::factory<widget>(m, {"make_widget", "free_widget"});
    CHECK(answer.in(m)() == 42);
    CHECK(cached.lock()() == 42);
    CHECK(widgets.create()->value() == 42);
  });
  without_trace([&] { m.reset(); });
  CHECK(why_deferred(modules) == "");
  CHECK(is_gone(file));
  CHECK(!cached.lock());
  CHECK(!widgets.create());
  CHECK(answer.in(modules.open(file))() == 42);
}

TEST_CASE("references that nobody noted at the load defer the one close that asks for them, and say why" *
          doctest::skip(!memory_is_searched())) {
  const scratch folder;
  tenure::manager<tenure::policy::final_close> modules;
  static_cast<void>(modules.open(folder.copy("basic")));
  const auto report = modules.final_close(departure_check::references);
  REQUIRE(report.size() == 1);
  CHECK(report.begin()->outcome == unload_outcome::deferred);
  CHECK(std::string(report.begin()->detail).find("remember_references") != std::string::npos);
  CHECK(tenure_test::all_closed(modules.final_close()));
}

TEST_CASE(
    "a module that is the terminate handler stays at the default level, and the report says what it is") {
  const scratch folder;
  const std::string file = folder.copy("leaving");
  strict<departure_check::own_stack> modules;
  const std::terminate_handler before =
      std::set_terminate(modules.open(file).symbol<void()>("end_of_the_world").get());
  static_cast<void>(modules.sweep());
  CHECK(is_loaded(modules, file));
  CHECK(why_deferred(modules).find("terminate handler") != std::string::npos);
  std::set_terminate(before);
  static_cast<void>(modules.sweep());
  CHECK(is_gone(file));
}

TEST_CASE("a sweeper tries again what was deferred, long before its next round") {
  const scratch folder;
  const std::string file = folder.copy("leaving");
  strict<departure_check::threads> modules;
  tenure::sweeper sweeper(modules, tenure::duration(3'600'000'000'000)); // an hour
  visitor inside(modules, file);
  CHECK(is_loaded(modules, file));
  inside.leave();
  while (is_loaded(modules, file)) std::this_thread::yield(); // else the test's time limit tells
  CHECK(modules.report().count(unload_outcome::deferred) == 0);
}

TEST_CASE("a forced close asks nothing" * doctest::skip(!memory_is_searched())) {
  const scratch folder;
  const std::string file = folder.copy("leaving");
  strict<departure_check::references> modules;
  auto left = std::make_unique<std::function<int()>>();
  modules.open(file).symbol<void(std::function<int()>*)>("leave_function")(left.get());
  REQUIRE(is_loaded(modules, file));
  static_cast<void>(modules.force_close());
  CHECK(is_gone(file));
  static std::function<int()>* never_destroyed = left.release(); // its destructor was the module's
  CHECK(never_destroyed != nullptr);
}
