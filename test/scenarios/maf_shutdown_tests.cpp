// Forced ends: the controller.
#include "scenarios/parts.hpp"
#include "support/invariants.hpp"
#include "support/until.hpp"

#include <tenure/cached_symbol.hpp>
#include <tenure/class_table.hpp>
#include <tenure/dependency.hpp>
#include <tenure/factory.hpp>
#include <tenure/keyed.hpp>
#include <tenure/lock_owner.hpp>
#include <tenure/thread.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using scenarios::diary;
using scenarios::tells;
using scenarios::world;
using tenure::errc;
using tenure::shutdown_mode;

namespace {

// A clock that is a second later each time somebody looks: a deadline passes without a wait.
struct hurrying_clock {
  std::atomic<std::int64_t> seconds{0};
  tenure::manager_options options() {
    tenure::manager_options o;
    o.clock.context = this;
    o.clock.now = [](void* self) noexcept {
      return tenure::seconds(static_cast<hurrying_clock*>(self)->seconds.fetch_add(1));
    };
    return o;
  }
};

// A call into a module, on a thread of its own, that returns when it is told to.
class long_call {
public:
  explicit long_call(const tenure::module& m, std::function<void()> at_end = nullptr)
      : thread_([this, m, at_end] {
        m.call([&] {
          entered_.set();
          CHECK(go_.wait());
          if (at_end) at_end();
        });
      }) {
    CHECK(entered_.wait());
  }
  long_call(const long_call&) = delete;
  long_call& operator=(const long_call&) = delete;
  ~long_call() { end(); }
  void let_return() { go_.set(); }
  void end() {
    go_.set();
    if (thread_.joinable()) thread_.join();
  }

private:
  tenure_test::signal entered_, go_;
  std::thread thread_;
};

template <class F> errc code_of(F&& f) {
  try {
    f();
  } catch (const tenure::error& e) {
    return e.why().code();
  }
  return errc::ok;
}

} // namespace

TEST_CASE(
    "M-B10: a forced shutdown goes in a fixed order, ignores holds, and a second one is an error value") {
  world w;
  diary told;
  const tenure::module stale = w.modules.open(w.a);
  const tenure::token_source container(stale, tells(told));
  const tenure::token_source part = container.part(
      {[](void* context, const tenure::final_revoke& what) noexcept {
         static_cast<diary*>(context)->write(std::string("part ") + scenarios::word_for(what.why));
       },
       &told});
  const tenure::token one = container.acquire();
  const tenure::token two = part.acquire();
  tenure::controller end(stale), other(stale);
  const tenure::shutdown_result r = end.shutdown({}, shutdown_mode::force);
  CHECK(r);
  CHECK(r.calls == 0);
  CHECK(r.tokens == 2);
  CHECK(told.lines() == std::vector<std::string>{"part shut down", "shut down"});
  CHECK(r.outcome == tenure::unload_outcome::busy); // the stale handles hold its code
  CHECK(r.references == 2);
  CHECK(tenure_test::broken_invariants(stale) == "");
  CHECK(end.has_shut_down());
  CHECK(!end.owner());
  for (tenure::controller* c : {&end, &other}) {
    const tenure::shutdown_result again = c->shutdown({}, shutdown_mode::force);
    CHECK(!again);
    CHECK(again.why.code() == errc::module_shut_down);
  }
  CHECK(told.size() == 2);
  CHECK(tenure::controller(tenure::module()).shutdown({}, shutdown_mode::force).why.code() ==
        errc::empty_handle);
}

TEST_CASE("M-B10: the order is fixed: no new calls, the calls return, the hooks run, and only then the "
          "module goes") {
  world w;
  struct scene {
    diary told;
    world<>& w;
    tenure::module stale;
  } s{{}, w, w.modules.open(w.a)};
  const tenure::token_source container(s.stale,
                                       {[](void* context, const tenure::final_revoke&) noexcept {
                                          auto& at = *static_cast<scene*>(context);
                                          tenure::failure why;
                                          at.told.write(at.stale.enter(why) ? "entered" : "no new call");
                                          at.told.write(at.w.loaded(at.w.a) ? "hook" : "too late");
                                          at.stale.reset();
                                        },
                                        &s});
  const tenure::token held = container.acquire();
  tenure::controller end(s.stale);
  tenure::shutdown_result r;
  {
    long_call call(s.stale, [&] { s.told.write("call returns"); });
    std::thread shutter([&] { r = end.shutdown(tenure::minutes(10), shutdown_mode::refuse); });
    CHECK(tenure_test::eventually([&] {
      tenure::failure why;
      return !s.stale.enter(why);
    }));
    s.told.write("no new calls");
    call.end();
    shutter.join();
  }
  CHECK(s.told.lines() == std::vector<std::string>{"no new calls", "call returns", "no new call", "hook"});
  // The handle by which the call was made may go a moment after it has returned.
  CHECK((r.outcome == tenure_test::closed_outcome() || r.outcome == tenure::unload_outcome::busy));
  CHECK(tenure_test::eventually([&] { return !w.loaded(w.a); }));
}

TEST_CASE("M-B10: a shutdown of a module that nobody else needs closes it, whatever its policy would keep") {
  world<tenure::policy::final_close> w;
  tenure::controller end(w.modules.open(w.a));
  const tenure::shutdown_result r = end.shutdown({}, shutdown_mode::refuse);
  CHECK(r);
  CHECK(r.outcome == tenure_test::closed_outcome());
  CHECK(!w.loaded(w.a));
  CHECK(w.modules.open(w.a).symbol<int(void (*)(void*), void*)>("call_back")); // a new life
}

TEST_CASE("M-B11: a controller is found from the object, and holds what it controls") {
  world w;
  auto object = w.modules.open(w.a).create<plug_in>("make_first");
  tenure::controller end(object);
  CHECK(end.owner() == object.owner());
  object.reset();
  CHECK(w.loaded(w.a));
  CHECK(end.shutdown({}, shutdown_mode::refuse));
  CHECK(!w.loaded(w.a));
  // Of what is dead already, a controller holds nothing that lives, and says so.
  const tenure::module stale = w.modules.open(w.a);
  CHECK(tenure::controller(stale).shutdown({}, shutdown_mode::force));
  tenure::controller late(stale);
  CHECK(late.shutdown({}, shutdown_mode::force).why.code() == errc::module_shut_down);
}

TEST_CASE(
    "M-B12: whatever is done with a module after its shutdown is an error that says who, when and where") {
  hurrying_clock clock;
  world w(clock.options());
  const tenure::module stale = w.modules.open(w.a);
  auto object = stale.create<plug_in>("make_first");
  const auto raw = stale.symbol<int(void (*)(void*), void*)>("call_back");
  const tenure::weak_module weak = stale;
  const tenure::token_source source(stale);
  const tenure::token held = source.acquire();
  tenure::shortcut<int(void (*)(void*), void*)> remembered("call_back");
  CHECK((&remembered.in(stale) == raw.get()));
  CHECK((&remembered.in(stale) == raw.get())); // from here on without a look-up
  CHECK(tenure::controller(object).shutdown({}, shutdown_mode::force));

  CHECK(code_of([&] { static_cast<void>(remembered.in(stale)); }) == errc::module_shut_down);
  tenure::failure why;
  CHECK_FALSE(stale.symbol<int()>("make_first", why));
  CHECK(why.code() == errc::module_shut_down);
  const std::string text = why.what();
  CAPTURE(text);
  CHECK(text.find(w.a) == 0);
  CHECK(text.find("by thread ") != std::string::npos);
  CHECK(text.find(" s on the manager's clock") != std::string::npos);
  CHECK(text.find("maf_shutdown_tests.cpp:") != std::string::npos);
  CHECK(text.find("drop the handles that are left") != std::string::npos);

  using api = tenure::api<tenure::fn<"make_first", plug_in*()>>;
  CHECK(code_of([&] { static_cast<void>(stale.bind<api>()); }) == errc::module_shut_down);
  CHECK(code_of([&] { static_cast<void>(stale.enter()); }) == errc::module_shut_down);
  CHECK(!stale.enter(why));
  CHECK(why.code() == errc::module_shut_down);
  CHECK(code_of([&] { stale.call([] { FAIL("it must not be called"); }); }) == errc::module_shut_down);
  CHECK(code_of([&] { static_cast<void>(stale.create<plug_in>("make_first")); }) == errc::module_shut_down);
  CHECK(code_of([&] { static_cast<void>(w.modules.open(w.a)); }) == errc::module_shut_down);
  CHECK_FALSE(w.modules.open_if_loaded(w.a));
  CHECK(code_of([&] { static_cast<void>(w.modules.containing(reinterpret_cast<void*>(raw.get()))); }) ==
        errc::module_shut_down);
  CHECK_FALSE(weak.lock());
  CHECK(code_of([&] { static_cast<void>(source.acquire()); }) == errc::module_shut_down);
  CHECK(code_of([&] { const tenure::token_source late(stale); }) == errc::module_shut_down);
  CHECK(code_of([&] { static_cast<void>(source.part()); }) == errc::module_shut_down);
  CHECK(code_of([&] { held.check(); }) == errc::module_shut_down);

  // What does not take part goes on: its code stays mapped as long as a handle is there.
  CHECK(object->value() == 1);
  int called = 0;
  CHECK(raw([](void* n) { ++*static_cast<int*>(n); }, &called) == 1);
  CHECK(called == 1);
}

TEST_CASE("M-B12: whatever gives a new hold on a module, or a new use of it, fails after its shutdown with "
          "the same words") {
  world w;
  const tenure::module stale = w.modules.open(w.a), other = w.modules.open(w.b);
  const tenure::factory_names names{"make_first", "free_plug_in"};
  static int object = 1;
  tenure::instance_table objects;
  const tenure::keyed<plug_in> keyed = objects.create<plug_in>(stale, names);
  tenure::class_table before, after;
  before.lock_external(before.add("class", stale, &object)); // else it stops with its first client
  tenure::lock_owner owner("owner"), newcomer("newcomer");
  owner.lock(stale);
  const tenure::pin pinned = stale.pin();
  const tenure::factory<plug_in> factory(stale, names);
  const tenure::cached_symbol<plug_in*()> cached = stale.symbol<plug_in*()>("make_first");
  const tenure::weak_module weak = stale;
  std::atomic<int> ran{0};
  tenure::failure why;
  const struct {
    const char* what;
    std::function<void()> use;
  } uses[] = {
      {"pin", [&] { static_cast<void>(stale.pin()); }},
      {"lock", [&] { newcomer.lock(stale); }},
      {"one lock more", [&] { owner.lock(stale); }},
      {"depend, as the user", [&] { tenure::depend(stale, other); }},
      {"depend, as the used", [&] { tenure::depend(other, stale); }},
      {"class_table::add", [&] { after.add("class", stale, &object); }},
      {"class_table::find", [&] { static_cast<void>(before.find<int>("class")); }},
      {"module_thread", [&] { const tenure::module_thread thread(stale, [&] { ++ran; }); }},
      {"instance_table::create", [&] { static_cast<void>(objects.create<plug_in>(stale, names)); }},
      {"get_interface",
       [&] { static_cast<void>(objects.get_interface<spelling, plug_in>(keyed.key(), {"get_shared_spelling"})); }},
      {"create", [&] { static_cast<void>(stale.create<plug_in>(names)); }},
      {"a new factory", [&] { const tenure::factory<plug_in> late(stale, names); }},
      {"symbol", [&] { static_cast<void>(stale.symbol<plug_in*()>("make_first")); }},
      {"enter", [&] { static_cast<void>(stale.enter()); }},
      {"call", [&] { stale.call([&] { ++ran; }); }},
      {"token_source", [&] { const tenure::token_source late(stale); }},
      {"open", [&] { static_cast<void>(w.modules.open(w.a)); }},
  };
  for (const auto& each : uses) {
    CAPTURE(each.what);
    if (std::string(each.what) != "depend, as the used" && std::string(each.what) != "depend, as the user")
      CHECK(code_of(each.use) == errc::ok);
  }
  ran = 0;
  CHECK(tenure::controller(stale).shutdown({}, shutdown_mode::force));
  for (const auto& each : uses) {
    CAPTURE(each.what);
    CHECK(code_of(each.use) == errc::module_shut_down);
  }
  CHECK(ran == 0);
  // What is empty then says why to whoever asks.
  CHECK_FALSE(stale.pin(why));
  CHECK(why.code() == errc::module_shut_down);
  CHECK_FALSE(factory.create());
  CHECK_FALSE(factory.lock(why));
  CHECK(why.code() == errc::module_shut_down);
  CHECK_FALSE(cached.lock(why));
  CHECK(why.code() == errc::module_shut_down);
  CHECK_FALSE(weak.lock(why));
  CHECK(why.code() == errc::module_shut_down);
  CHECK(std::string(why.what()).find("maf_shutdown_tests.cpp:") != std::string::npos);
  const tenure::pin copied = pinned; // what holds already may go on to
  const tenure::module copy = stale;
  CHECK(keyed->value() == 1);
}

TEST_CASE("M-B12: an empty handle of a module that has gone by itself says so, too") {
  world w;
  tenure::weak_module weak = w.modules.open(w.a);
  tenure::failure why;
  CHECK_FALSE(weak.lock(why));
  CHECK(why.code() == errc::not_loaded);
  CHECK_FALSE(tenure::weak_module().lock(why));
  CHECK(why.code() == errc::empty_handle);
  const tenure::module fresh = w.modules.open(w.a);
  CHECK_FALSE(weak.lock(why));
  CHECK(why.code() == errc::not_loaded);
}

TEST_CASE(
    "M-B12: what was shut down from inside a call can be opened again by that thread once it has left it") {
  world w;
  tenure::module m = w.modules.open(w.a);
  const auto call_back = m.symbol<int(void (*)(void*), void*)>("call_back").get();
  struct scene {
    world<>& w;
    tenure::module& m;
  } at{w, m};
  call_back(
      [](void* context) {
        auto& in = *static_cast<scene*>(context);
        tenure::controller end(in.m);
        in.m.reset();
        const tenure::shutdown_result r = end.shutdown({}, shutdown_mode::force);
        CHECK(r.outcome == tenure::unload_outcome::deferred);
        CHECK(r.references == 0);
        tenure::failure why;
        CHECK_FALSE(in.w.modules.open(in.w.a, why)); // it is still there
        CHECK(why.code() == errc::module_shut_down);
      },
      &at);
  std::thread other([&] { // cannot know whether the first thread has left
    tenure::failure why;
    CHECK_FALSE(w.modules.open(w.a, why));
    CHECK(why.code() == errc::module_shut_down);
    CHECK(std::string(why.what()).find("an open on that thread, once it has left it") != std::string::npos);
  });
  other.join();
  CHECK(w.modules.open(w.a).create<plug_in>("make_first")->value() == 1);
}

TEST_CASE("M-B12: with the last stale handle the module goes at once, and can be opened again") {
  world<tenure::policy::keep_warm<4, tenure::minutes(60)>> w;
  tenure::module stale = w.modules.open(w.a);
  tenure::weak_module weak = stale;
  CHECK(tenure::controller(stale).shutdown({}, shutdown_mode::force));
  CHECK(w.loaded(w.a));
  stale.reset();
  CHECK(!w.loaded(w.a));
  CHECK_FALSE(weak.lock());
  const tenure::module fresh = w.modules.open(w.a);
  CHECK(tenure_test::broken_invariants(fresh) == "");
  CHECK(fresh.create<plug_in>("make_first")->value() == 1);
}

TEST_CASE("M-B12: a module that its policy never unmaps can be opened again after a shutdown") {
  world<tenure::policy::resident> w;
  tenure::module stale = w.modules.open(w.a);
  const tenure::shutdown_result r = tenure::controller(stale).shutdown({}, shutdown_mode::force);
  CHECK(r.outcome == tenure::unload_outcome::busy);
  CHECK(code_of([&] { static_cast<void>(w.modules.open(w.a)); }) == errc::module_shut_down);
  stale.reset();
  CHECK(w.modules.open(w.a).create<plug_in>("make_first")->value() == 1);
}

TEST_CASE("M-B12: a part of the program can be shut down, and used again when all its handles are gone") {
  static int number = 7;
  static const tenure::static_symbol symbols[] = {{"number", &number}};
  tenure::manager<> modules;
  tenure::module stale = modules.add_static("built_in", symbols);
  CHECK(tenure::controller(stale).shutdown({}, shutdown_mode::force));
  CHECK(code_of([&] { static_cast<void>(stale.symbol<int>("number")); }) == errc::module_shut_down);
  CHECK(code_of([&] { static_cast<void>(modules.open("built_in")); }) == errc::module_shut_down);
  stale.reset();
  CHECK(*modules.open("built_in").symbol<int>("number") == 7);
}

TEST_CASE("M-H8: a shutdown waits for calls in flight, lets no new ones begin, and those may finish") {
  world w;
  const tenure::module stale = w.modules.open(w.a);
  std::atomic<int> nested{0};
  long_call call(stale, [&] { // a call in flight may make further ones
    nested = stale.call([&] { return stale.create<plug_in>("make_second")->value(); });
  });
  tenure::shutdown_result r;
  std::thread shutter(
      [&] { r = tenure::controller(stale).shutdown(tenure::minutes(10), shutdown_mode::refuse); });
  CHECK(tenure_test::eventually([&] {
    tenure::failure why;
    return !stale.enter(why) && why.code() == errc::module_shut_down;
  }));
  call.end();
  shutter.join();
  CHECK(r);
  CHECK(r.calls == 0);
  CHECK(nested == 2);
}

TEST_CASE("M-H8: a shutdown that may refuse does so at its deadline, and nothing has changed") {
  hurrying_clock clock;
  world w(clock.options());
  diary told;
  const tenure::module m = w.modules.open(w.a);
  const tenure::token_source source(m, tells(told));
  const tenure::token held = source.acquire();
  tenure::controller end(m);
  {
    long_call call(m);
    const tenure::shutdown_result r = end.shutdown(tenure::seconds(5), shutdown_mode::refuse);
    CHECK(r.why.code() == errc::calls_in_flight);
    CHECK(r.calls == 1);
    CHECK(tenure_test::broken_invariants(m) == "");
    CHECK(std::string(r.why.what()).find("shutdown_mode::force") != std::string::npos);
    CHECK(m.create<plug_in>("make_first")->value() == 1);
    CHECK(w.modules.open(w.a) == m);
    CHECK(tenure::weak_module(m).lock());
    held.check();
    source.acquire().reset();
    CHECK(told.size() == 0);
  }
  CHECK(end.shutdown(tenure::seconds(5), shutdown_mode::refuse)); // not a second one
  CHECK(told.size() == 1);
}

TEST_CASE("M-H8: a forced shutdown leaves the code under a call that has not returned") {
  hurrying_clock clock;
  world w(clock.options());
  tenure::module m = w.modules.open(w.a);
  long_call call(m, [&] { CHECK(w.loaded(w.a)); });
  tenure::controller end(m);
  m.reset();
  const tenure::shutdown_result r = end.shutdown(tenure::seconds(5), shutdown_mode::force);
  CHECK(r);
  CHECK(r.calls == 1);
  CHECK(r.outcome == tenure::unload_outcome::busy);
  CHECK(w.loaded(w.a));
  call.end();
  CHECK(!w.loaded(w.a));
}

TEST_CASE(
    "M-H8: a thread that runs a module's code is a call: a shutdown waits for it, or refuses and names it") {
  hurrying_clock clock;
  world w(clock.options());
  const tenure::module m = w.modules.open(w.a);
  const auto stay = m.symbol<int(const std::atomic<bool>*, std::atomic<bool>*)>("stay");
  std::atomic<bool> leave{false}, inside{false};
  std::optional<tenure::module_thread> running(std::in_place, m, [&] { stay(&leave, &inside); });
  CHECK(tenure_test::eventually([&] { return inside.load(); }));
  tenure::controller end(m);
  const tenure::shutdown_result r = end.shutdown(tenure::seconds(5), shutdown_mode::refuse);
  CHECK(r.why.code() == errc::calls_in_flight);
  CHECK(r.calls == 1);
  tenure::shutdown_result second;
  std::thread shutter([&] { second = end.shutdown(tenure::minutes(60 * 24 * 365), shutdown_mode::refuse); });
  CHECK(tenure_test::eventually([&] {
    tenure::failure why;
    return !m.enter(why);
  }));
  leave = true;
  shutter.join();
  CHECK(second);
  CHECK(second.calls == 0);
}

TEST_CASE(
    "M-H8: a shutdown from the module's own thread, and from twenty modules deep, does not wait for itself") {
  static int number = 7;
  static const tenure::static_symbol symbols[] = {{"number", &number}};
  tenure::manager<> modules;
  tenure::shutdown_result r;
  {
    const tenure::module m = modules.add_static("with_a_thread", symbols);
    const tenure::module_thread thread(
        m, [&] { r = tenure::controller(m).shutdown(tenure::minutes(10), shutdown_mode::refuse); });
  }
  CHECK(r);
  CHECK(r.calls == 0);
  std::vector<tenure::module> nested;
  for (int i = 0; i != 20; ++i)
    nested.push_back(modules.add_static(("nested_" + std::to_string(i)).c_str(), symbols));
  const std::function<void(std::size_t)> go_in = [&](std::size_t depth) {
    nested[depth].call([&] {
      if (depth + 1 != nested.size()) return go_in(depth + 1);
      for (const tenure::module& each : nested) {
        const tenure::shutdown_result ended =
            tenure::controller(each).shutdown(tenure::minutes(10), shutdown_mode::refuse);
        CHECK(ended);
        CHECK(ended.calls == 0);
        CHECK_NOTHROW(static_cast<void>(each.enter())); // from inside a call
      }
    });
  };
  go_in(0);
  for (const tenure::module& each : nested)
    CHECK(code_of([&] { static_cast<void>(each.enter()); }) == errc::module_shut_down);
}

TEST_CASE("M-H8: a shutdown from inside a call of the same module does not wait for itself") {
  world w;
  const tenure::module m = w.modules.open(w.a);
  const auto call_back = m.symbol<int(void (*)(void*), void*)>("call_back").get();
  m.call([&] {
    call_back(
        [](void* context) {
          const auto& target = *static_cast<const tenure::module*>(context);
          const tenure::shutdown_result r =
              tenure::controller(target).shutdown(tenure::minutes(10), shutdown_mode::refuse);
          CHECK(r);
          CHECK(r.calls == 0);
        },
        const_cast<tenure::module*>(&m));
  });
  CHECK(code_of([&] { static_cast<void>(m.enter()); }) == errc::module_shut_down);
}
