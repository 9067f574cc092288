// What an observer is told, and when.
#include "events/listener.hpp"
#include "modules/interface.hpp"
#include "plugin/talkers.hpp"
#include "support/closed.hpp"
#include "support/hook.hpp"
#include "support/scratch.hpp"
#include "support/virtual_clock.hpp"

#include <tenure/format.hpp>
#include <tenure/sweeper.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

using kind = tenure::event_kind;
using tenure_test::grammar;
using tenure_test::heard;
using tenure_test::listener;
using tenure_test::loader_unmaps;
using tenure_test::scratch;

namespace {

using immediate = tenure::manager<tenure::policy::immediate>;
using at_the_end = tenure::manager<tenure::policy::final_close>;

// What the close of a module is called on this system.
const char* end_of_it() { return loader_unmaps() ? "closed" : "lingering"; }

struct world {
  scratch folder;
  std::string a = folder.copy("basic");
  std::string b = folder.copy("second");
  listener told;
};

} // namespace

static_assert(sizeof(tenure::module) == sizeof(void*));
static_assert(tenure::event_sink<listener>);
static_assert(!tenure::event_sink<tenure::no_observer>);
static_assert(!tenure::event_sink<void (*)(const tenure::event&)>); // it might throw
static_assert(tenure::event_sink<void (*)(const tenure::event&) noexcept>);

TEST_CASE("a module's life is told from its load to its end") {
  world w;
  at_the_end modules;
  modules.observe(w.told);
  static_cast<void>(modules.open(w.a));
  static_cast<void>(modules.open(w.a));
  static_cast<void>(modules.final_close());
  CHECK(w.told.story(w.a) == std::string("loaded opened idled revived idled ") + end_of_it());
  CHECK(w.told.story().ends_with(" swept"));
  const heard loaded = w.told.last(kind::loaded);
  CHECK(loaded.what.took > tenure::duration{});
  CHECK(loaded.path == w.a);
  CHECK(w.a.ends_with(loaded.name));
  CHECK(loaded.what.life != 0);
  CHECK(loaded.what.thread != 0);
  CHECK(w.told.last(kind::swept).detail == "final close");
  CHECK(w.told.last(kind::swept).what.count == (loader_unmaps() ? 1 : 0));
  CHECK(modules.stats().events == w.told.all.size());
  CHECK(modules.stats().events_lost == 0);
}

TEST_CASE("what is in use already is opened and copied without an event") {
  world w;
  immediate modules;
  modules.observe(w.told);
  const tenure::module first = modules.open(w.a);
  const tenure::module second = modules.open(w.a);
  const tenure::module third = second;
  CHECK(w.told.story() == "loaded opened");
}

TEST_CASE("an open that fails is told with its story, also if the caller wants the code alone") {
  world w;
  at_the_end modules;
  modules.observe(w.told);
  std::error_code code;
  CHECK(!modules.open(w.a + "-missing", code));
  const heard failed = w.told.last(kind::failed);
  CHECK(failed.what.error == tenure::errc::file_not_found);
  CHECK(code == tenure::errc::file_not_found);
  CHECK(failed.path.find("-missing") != std::string::npos);
  CHECK(failed.detail.find("no such file") != std::string::npos);
  CHECK(failed.what.life == 0);
  CHECK(modules.stats().failures == 1);
  CHECK(!modules.open_if_loaded(w.a)); // an answer, and no failure
  CHECK(w.told.all.size() == 1);
}

TEST_CASE("a close that has to wait is told with the reason, and then done") {
  if (!loader_unmaps()) return;
  scratch folder;
  const std::string file = folder.copy("hooked_a");
  listener told;
  immediate modules;
  modules.observe(told);
  tenure::module held = modules.open(file);
  auto call_back = held.symbol<int(void (*)(void*), void*)>("call_back");
  tenure::module* const handle = &held;
  auto* const raw = call_back.get();
  call_back = {};
  raw([](void* m) { static_cast<tenure::module*>(m)->reset(); }, handle);
  CHECK(told.story(file) == "loaded opened idled deferred");
  CHECK(told.last(kind::deferred).detail.find("on the stack of this thread") != std::string::npos);
  CHECK(modules.stats().waiting == 1);
  static_cast<void>(modules.sweep());
  CHECK(told.story(file) == "loaded opened idled deferred closed");
  CHECK(told.last(kind::closed).what.took > tenure::duration{});
  CHECK(told.last(kind::swept).detail == "sweep");
  CHECK(told.last(kind::swept).what.count == 1);
  const std::string story = told.story();
  static_cast<void>(modules.sweep());
  CHECK(told.story() == story); // of a sweep that finds nothing there is nothing to tell
}

TEST_CASE("a vote of no is told with what the module said") {
  tenure_test::talk<tenure::policy::final_close> s;
  listener told;
  s.modules.observe(told);
  talk_act says = talk_act::no;
  s.when_a_is_asked = [&] { return says; };
  static_cast<void>(s.modules.open(s.a));
  static_cast<void>(s.modules.final_close());
  CHECK(told.story(s.a) == "loaded opened idled vetoed");
  CHECK(told.last(kind::vetoed).what.error == tenure::errc::ok);
  says = talk_act::zero; // neither yes nor no
  static_cast<void>(s.modules.final_close());
  CHECK(told.last(kind::vetoed).what.error == tenure::errc::not_an_answer);
  CHECK(!told.last(kind::vetoed).detail.empty());
  says = talk_act::yes;
  static_cast<void>(s.modules.final_close());
  CHECK(told.story(s.a) == std::string("loaded opened idled vetoed vetoed ") + end_of_it());
  s.modules.stop_observing();
}

TEST_CASE("under a policy that keeps pages a close that is not done says so") {
  world w;
  tenure::manager<tenure::policy::resident> modules;
  modules.observe(w.told);
  static_cast<void>(modules.open(w.a));
  static_cast<void>(modules.final_close());
  CHECK(w.told.story(w.a) == "loaded opened idled deferred");
  CHECK(w.told.last(kind::deferred).detail == "the policy keeps its pages");
}

#if !defined(_WIN32) && !defined(__APPLE__)
TEST_CASE("what stays mapped lingers, with the reason and the cure, and lives again when it is opened") {
  const scratch folder;
  const std::string file = folder.copy("linger_nodelete");
  listener told;
  immediate modules;
  modules.observe(told);
  static_cast<void>(modules.open(file));
  CHECK(told.story(file) == "loaded opened idled lingering");
  const heard lingering = told.last(kind::lingering);
  CHECK(lingering.what.reason == tenure_test::expected_reason(tenure::linger_reason::nodelete_flag));
  CHECK(!lingering.detail.empty());
  static_cast<void>(modules.open(file));
  CHECK(told.story(file) == "loaded opened idled lingering loaded opened idled lingering");
  CHECK(told.last(kind::lingering).what.life != lingering.what.life);
  CHECK(modules.stats().lingering == 1);
  CHECK(grammar().judge(told.all) == "");
}
#endif

TEST_CASE("modules that the manager did not load are opened without a load") {
  static int value = 42;
  static const tenure::static_symbol symbols[] = {{"value", &value}};
  world w;
  immediate owner;
  at_the_end modules;
  const tenure::module other = owner.open(w.a);
  modules.observe(w.told);
  {
    const tenure::module found =
        modules.containing(reinterpret_cast<const void*>(other.symbol<int()>("answer").get()));
    const tenure::module fixed = modules.add_static("fixed", symbols);
  }
  CHECK(w.told.story(w.a) == "opened idled");
  CHECK(w.told.story("fixed") == "opened idled");
  CHECK(w.told.last(kind::opened).name == "fixed");
}

TEST_CASE("a parked module is revived by its weak handle, and that is told") {
  world w;
  tenure::manager<tenure::policy::deferred_one> modules;
  modules.observe(w.told);
  tenure::weak_module weak;
  weak = modules.open(w.a);
  static_cast<void>(weak.lock());
  static_cast<void>(weak.lock());
  CHECK(w.told.story() == "loaded opened idled revived idled revived idled");
}

TEST_CASE("whoever observes later hears what comes, of modules that are parked, in use and used again "
          "without a lock") {
  world w;
  const std::string c = w.folder.copy("third");
  tenure::manager<tenure::policy::keep_warm<8>> modules;
  tenure::weak_module parked, revived, used;
  parked = modules.open(w.a);
  revived = modules.open(w.b);
  const tenure::module in_use = modules.open(c);
  tenure::module again = revived.lock(); // without the mutex
  modules.observe(w.told);
  CHECK(w.told.all.empty());
  static_cast<void>(parked.lock());
  CHECK(w.told.story(w.a) == "revived idled");
  again.reset();
  CHECK(w.told.story(w.b) == "idled");
  static_cast<void>(modules.final_close());
  CHECK(w.told.story(w.b) == std::string("idled ") + end_of_it());
  CHECK(w.told.story(c).empty());
  CHECK(modules.report().count(tenure::unload_outcome::busy) == 1);
}

TEST_CASE("times are the manager's, and each event has the next number") {
  world w;
  tenure_test::virtual_clock clock;
  at_the_end modules(clock.options());
  modules.observe(w.told);
  static_cast<void>(modules.open(w.a));
  clock.advance(tenure::seconds(5));
  static_cast<void>(modules.open(w.a));
  CHECK(w.told.last(kind::loaded).what.at == tenure::seconds(1'000));
  CHECK(w.told.last(kind::revived).what.at == tenure::seconds(1'005));
  CHECK(grammar().judge(w.told.all) == "");
}

TEST_CASE("nobody is told inside the loader: what an initialiser does is told when the open returns") {
  const scratch folder;
  const std::string inner = folder.copy("basic"), outer = folder.copy("hooked_a");
  bool inside = false, told_inside = false;
  listener told;
  at_the_end modules;
  told.then = [&](const tenure::event&) { told_inside |= inside; };
  modules.observe(told);
  const tenure_test::hook hook([&](const std::string&, module_event what) {
    inside = true;
    if (what == module_event::initialised) static_cast<void>(modules.open(inner));
    inside = false;
  });
  static_cast<void>(modules.open(outer));
  CHECK(!told_inside);
  CHECK(told.story() == "loaded opened idled loaded opened idled");
  CHECK(told.all[0].path == inner);
  CHECK(told.all[3].path == outer);
  static_cast<void>(modules.final_close());
  CHECK(!told_inside);
}

TEST_CASE(
    "another manager's events are told when this thread leaves the loader, though this one has no observer") {
  const scratch folder;
  const std::string inner = folder.copy("basic"), outer = folder.copy("hooked_a");
  listener told;
  at_the_end observed, plain;
  std::size_t told_inside = 0;
  observed.observe(told);
  const tenure_test::hook hook([&](const std::string&, module_event what) {
    if (what == module_event::initialised) static_cast<void>(observed.open(inner));
    told_inside += told.all.size();
  });
  static_cast<void>(plain.open(outer));
  CHECK(told_inside == 0);
  CHECK(told.story() == "loaded opened idled");
}

TEST_CASE("nobody is told inside a module's hook") {
  tenure_test::talk<tenure::policy::immediate> s;
  listener told;
  s.modules.observe(told);
  std::size_t told_inside = 0;
  s.when_a_loads = [&](const tenure_host&) {
    static_cast<void>(s.modules.open(s.b));
    told_inside += told.all.size();
    return talk_act::yes;
  };
  s.when_a_unloads = [&] {
    const std::size_t before = told.all.size();
    static_cast<void>(s.modules.open(s.b));
    told_inside += told.all.size() - before;
    return talk_act::yes;
  };
  static_cast<void>(s.modules.open(s.a));
  CHECK(told_inside == 0);
  CHECK(told.count(kind::loaded) == 3);
  CHECK(grammar().judge(told.all) == "");
  s.modules.stop_observing();
}

// --- the observer uses the manager ---

TEST_CASE("inside each kind of event the observer opens, sweeps, looks and closes") {
  tenure_test::talk<tenure::policy::immediate> s;
  const std::string other = s.folder.copy("basic"), lingers = s.folder.copy("hooked_b");
  listener told;
  std::size_t seen[10] = {};
  talk_act says = talk_act::no;
  s.when_a_is_asked = [&] { return says; };
  told.then = [&](const tenure::event& e) {
    if (seen[static_cast<std::size_t>(e.kind)]++ != 0) return;
    const std::size_t before = told.all.size();
    static_cast<void>(s.modules.open(other).symbol<int()>("answer")());
    tenure::failure why;
    static_cast<void>(s.modules.open(e.path, why)); // the very module, whatever becomes of it
    static_cast<void>(s.modules.open("/no/such/module", why));
    static_cast<void>(s.modules.sweep());
    static_cast<void>(s.modules.final_close());
    static_cast<void>(s.modules.dump());
    CHECK(told.all.size() == before); // it is told when this has returned
  };
  s.modules.observe(told);
  {
    const tenure::module m = s.modules.open(s.a);
    const tenure::weak_module weak = m;
  }
  {
    tenure::module held = s.modules.open(lingers);
    auto* const raw = held.symbol<int(void (*)(void*), void*)>("call_back").get();
    raw([](void* m) { static_cast<tenure::module*>(m)->reset(); }, &held);
  }
  static_cast<void>(s.modules.open(s.a));
  says = talk_act::yes;
  static_cast<void>(s.modules.final_close());
  for (const kind k :
       {kind::opened, kind::loaded, kind::revived, kind::idled, kind::vetoed, kind::failed, kind::swept})
    CHECK_MESSAGE(seen[static_cast<std::size_t>(k)] != 0, tenure::to_string(k));
  CHECK((seen[static_cast<std::size_t>(kind::closed)] != 0) == loader_unmaps());
  CHECK((seen[static_cast<std::size_t>(kind::lingering)] != 0) != loader_unmaps());
  grammar rules;
  CHECK(rules.judge(told.all) == "");
  CHECK((rules.all_over() || !loader_unmaps()));
  CHECK(!told.overlapped());
  s.modules.stop_observing();
}

TEST_CASE("from inside an event the observer can stop being one") {
  world w;
  at_the_end modules;
  w.told.then = [&](const tenure::event&) { modules.stop_observing(); };
  modules.observe(w.told);
  static_cast<void>(modules.open(w.a));
  CHECK(w.told.story() == "loaded");
  CHECK(modules.stats().events_lost == 1); // `opened` was noted, and nobody is left to tell
  modules.observe(w.told);
}

TEST_CASE("two managers' observers use each other's manager") {
  world w;
  listener of_other;
  at_the_end one, other;
  w.told.then = [&](const tenure::event& e) {
    if (e.kind == kind::opened) static_cast<void>(other.open(w.a));
  };
  of_other.then = [&](const tenure::event& e) {
    if (e.kind == kind::opened) static_cast<void>(one.open(w.b));
  };
  one.observe(w.told);
  other.observe(of_other);
  static_cast<void>(one.open(w.a));
  CHECK(w.told.count(kind::opened) == 2);
  CHECK(of_other.count(kind::opened) == 1);
}

// --- one observer, and its end ---

TEST_CASE("a manager has one observer at a time") {
  world w;
  listener second;
  at_the_end modules;
  modules.observe(w.told);
  const auto code_of = [](auto&& call) {
    try {
      call();
    } catch (const tenure::error& e) {
      return e.why().code();
    }
    return tenure::errc::ok;
  };
  CHECK(code_of([&] { modules.observe(second); }) == tenure::errc::already_observed);
  CHECK(code_of([&] { modules.observe(tenure::event_observer{}); }) == tenure::errc::empty_observer);
  modules.stop_observing();
  modules.stop_observing();
  modules.observe(second);
  static_cast<void>(modules.open(w.a));
  CHECK(w.told.all.empty());
  CHECK(second.story() == "loaded opened idled");
}

TEST_CASE("after stop_observing nothing is told, and modules are parked again") {
  world w;
  tenure::manager<tenure::policy::deferred_one> modules;
  modules.observe(w.told);
  tenure::weak_module weak;
  weak = modules.open(w.a);
  modules.stop_observing();
  const std::size_t before = w.told.all.size();
  for (int i = 0; i != 3; ++i) static_cast<void>(weak.lock());
  CHECK(w.told.all.size() == before);
  CHECK(modules.stats().revives == 3);
  CHECK(modules.stats().events == before);
}

TEST_CASE("the closes at a manager's end are told, and nothing afterwards") {
  world w;
  std::optional<at_the_end> modules(std::in_place);
  modules->observe(w.told);
  static_cast<void>(modules->open(w.a));
  tenure::module outlives = modules->open(w.b);
  modules.reset();
  CHECK(w.told.story(w.a) == std::string("loaded opened idled ") + end_of_it());
  CHECK(w.told.story(w.b) == "loaded opened");
  outlives.reset();
  CHECK(w.told.story(w.b) == "loaded opened");
  CHECK(tenure_test::is_gone(w.b));
}

namespace {

struct counting { // an observer of the manager's type
  std::shared_ptr<std::size_t> events = std::make_shared<std::size_t>(0);
  void operator()(const tenure::event&) noexcept { ++*events; }
};

} // namespace

TEST_CASE("an observer of the manager's type is owned by it, and ends with it") {
  world w;
  std::weak_ptr<std::size_t> events;
  {
    tenure::manager<tenure::policy::final_close, tenure::departure_check::own_stack, counting> modules;
    events = modules.observer().events;
    static_cast<void>(modules.open(w.a));
    CHECK(*events.lock() == 3);
    CHECK_THROWS_AS(modules.observe(w.told), tenure::error); // one observer
    auto moved = std::move(modules);
    static_cast<void>(moved.final_close());
    CHECK(*moved.observer().events == 5);
    const tenure::sweeper sweeps(moved, tenure::minutes(1));
  }
  CHECK(events.expired());
}

TEST_CASE("an event is one line for fmt") {
  tenure::event e;
  e.kind = kind::lingering;
  e.at = tenure::milliseconds(1'500);
  e.took = tenure::microseconds(52);
  e.reason = tenure::linger_reason::unique_symbol;
  e.path = "/usr/lib/libflac.so";
  e.name = "libflac.so";
  e.detail = "defines one";
  e.lost = 2;
  CHECK(fmt::format("{}", e) ==
        "1.500000 libflac.so: lingering in 0.052 ms (unique_symbol), /usr/lib/libflac.so: "
        "defines one [2 events before this one are lost]");
  tenure::event swept;
  swept.kind = kind::swept;
  swept.count = 3;
  swept.detail = "sweep";
  CHECK(fmt::format("{}", swept) == "0.000000 manager: swept, 3 gone: sweep");
}
