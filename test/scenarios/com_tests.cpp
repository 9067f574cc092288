// COM's lifetimes, as far as one process goes: C-B are its behaviours, C-H its hazards (see CONFORMANCE.md).
#include "plugin/talkers.hpp"
#include "scenarios/modules/com_interface.hpp"
#include "support/closed.hpp"
#include "support/until.hpp"
#include "support/virtual_clock.hpp"

#include <tenure/cached_symbol.hpp>
#include <tenure/class_table.hpp>
#include <tenure/dependency.hpp>
#include <tenure/end.hpp>
#include <tenure/make.hpp>
#include <tenure/lock_owner.hpp>
#include <tenure/thread.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

using tenure::errc;
using tenure::milliseconds;
using tenure::minutes;
using tenure::seconds;
using tenure_test::eventually;
using tenure_test::is_gone;
using tenure_test::is_mapped;
using tenure_test::loader_unmaps;
using tenure_test::outcome_of;
using tenure_test::plugin_copy;

namespace {

using com_sweep = tenure::policy::periodic_sweep;
using com_manager = tenure::manager<com_sweep>;
constexpr tenure::duration at_once{0};

const std::string closed = tenure::to_string(tenure_test::closed_outcome());

// An apartment: a manager on a virtual clock, and a server.
struct apartment {
  tenure_test::scratch folder;
  tenure_test::virtual_clock clock;
  std::string server = plugin_copy(folder, "com_server");
  com_manager modules;

  explicit apartment(com_sweep policy = com_sweep())
      : modules(std::move(policy), clock.options()) {}
  ~apartment() { static_cast<void>(modules.force_close()); }

  std::string sweep_after(tenure::duration time) {
    clock.advance(time);
    return outcome_of(modules.sweep(), server);
  }
  std::string sweep_now() { return outcome_of(modules.sweep(at_once), server); }
  tenure::instance<counter> make(const char* name = "plain") {
    return tenure::make<counter>(modules.open(server), name);
  }
};

template <class F> errc code_of(F&& call) {
  try {
    call();
  } catch (const tenure::error& e) {
    return e.why().code();
  }
  return errc::ok;
}

// As many trials as the environment says, else as many as take a second or two.
int trials(const char* variable, int usual) {
  const char* const text = std::getenv(variable);
  return text != nullptr ? std::atoi(text) : usual;
}

} // namespace

// --- behaviours ---

TEST_CASE("C-B1: a module may veto; it says yes with no object and no lock only, and one that exports no "
          "vote is never swept") {
  apartment a(com_sweep(at_once, com_sweep::silent_modules::stay));
  const std::string silent = a.folder.copy("basic");
  static_cast<void>(a.modules.open(silent));
  tenure::instance<counter> object = a.make();
  tenure::module server = a.modules.open(a.server);
  const auto may_unload = server.symbol<int()>("may_unload");
  const auto lock_server = server.symbol<void(int)>("lock_server");
  CHECK(may_unload() == 0);
  object.reset();
  CHECK(may_unload() == 1);
  lock_server(1);
  CHECK(may_unload() == 0);
  lock_server(0);
  CHECK(may_unload() == 1);
  for (int i = 0; i != 3; ++i) CHECK(outcome_of(a.modules.sweep(), silent) != closed);
  CHECK(is_mapped(silent));
  static_cast<void>(a.modules.final_close()); // the end of the context
  CHECK(is_gone(silent));
}

TEST_CASE("C-B2: the last release does not unload; only a sweep does") {
  apartment a;
  a.make().reset();
  CHECK(is_mapped(a.server));
  CHECK(a.modules.stats().closes == 0);
  CHECK(a.sweep_now() == closed);
  CHECK(is_gone(a.server));
}

TEST_CASE("C-B3: a sweep acts on the calling context only, and the module goes with the last context") {
  apartment a;
  com_manager other;
  a.make().reset();
  static_cast<void>(other.open(a.server));
  std::thread foreign([] {
    com_manager empty; // a thread with a context of its own, which does not have the module
    static_cast<void>(empty.sweep(at_once));
  });
  foreign.join();
  CHECK(a.modules.stats().closes == 0);
  static_cast<void>(other.sweep(at_once));
  CHECK(is_mapped(a.server));
  CHECK(a.modules.open(a.server).symbol<int()>("count_objects")() == 0);
  CHECK(a.sweep_now() == closed);
  CHECK(is_gone(a.server));
}

TEST_CASE("C-B4: a thread-bound module goes at the first sweep that finds it idle and gets a yes, whatever "
          "the delay") {
  apartment a;
  const std::string single = plugin_copy(a.folder, "com_single");
  tenure::instance<counter> object = tenure::make<counter>(a.modules.open(single), "plain");
  static_cast<void>(a.make());
  static_cast<void>(a.modules.sweep());
  CHECK(is_mapped(single));
  object.reset();
  static_cast<void>(a.modules.sweep());
  CHECK(is_gone(single));
  CHECK(is_mapped(a.server)); // free-threaded: only stamped
}

TEST_CASE("C-B5: a free-threaded module goes in two steps: a stamp, and after ten minutes the unload") {
  apartment a;
  a.make().reset();
  CHECK(a.sweep_after(minutes(60)) != closed);
  CHECK(a.sweep_after(minutes(10) - tenure::duration(1)) != closed);
  CHECK(is_mapped(a.server));
  CHECK(a.sweep_after(tenure::duration(1)) == closed);
  CHECK(is_gone(a.server));
}

TEST_CASE("C-B6: the delay is selectable per sweep; zero is at once, none is the default") {
  apartment a;
  a.make().reset();
  static_cast<void>(a.modules.sweep()); // stamps
  a.clock.advance(seconds(2));
  CHECK(outcome_of(a.modules.sweep(seconds(3)), a.server) != closed);
  CHECK(outcome_of(a.modules.sweep(seconds(2)), a.server) == closed);
  a.make().reset();
  CHECK(a.sweep_now() == closed);
  CHECK(is_gone(a.server));
}

TEST_CASE("C-B7: a candidate that is used, or says no, is active again and its stamp is cleared") {
  apartment a;
  a.make().reset();
  CHECK(a.sweep_after(at_once) != closed);
  a.clock.advance(minutes(9));
  a.make().reset(); // used
  CHECK(a.sweep_after(minutes(5)) != closed);
  CHECK(a.sweep_after(minutes(9)) != closed);
  a.modules.open(a.server).symbol<void(int)>("lock_server")(1); // used, and from now on says no
  for (int i = 0; i != 3; ++i) CHECK(a.sweep_after(minutes(60)) == "vetoed");
  a.modules.open(a.server).symbol<void(int)>("lock_server")(0);
  CHECK(a.sweep_after(minutes(60)) != closed); // stamped anew
  CHECK(a.sweep_after(minutes(10)) == closed);
}

TEST_CASE("C-B8: frequent sweeps do not postpone the deadline") {
  apartment a;
  a.make().reset();
  for (int second = 0; second != 600; ++second) CHECK(a.sweep_after(seconds(second == 0 ? 0 : 1)) != closed);
  CHECK(a.sweep_after(seconds(1)) == closed);
}

TEST_CASE("C-B9: nothing happens without a sweep") {
  apartment a;
  a.make().reset();
  static_cast<void>(a.modules.sweep());
  a.clock.advance(minutes(60 * 24));
  a.make("uncounted").reset();
  CHECK(is_mapped(a.server));
  CHECK(a.modules.stats().closes == 0);
}

TEST_CASE("C-B10: a server lock keeps an empty module, and locks are counted") {
  apartment a;
  tenure::pin first = a.modules.open(a.server).pin();
  tenure::pin second = first;
  CHECK(a.sweep_now() == "not in the report"); // no policy sees it
  CHECK(outcome_of(a.modules.report(), a.server) == "pinned");
  first.reset();
  static_cast<void>(a.sweep_now());
  CHECK(is_mapped(a.server));
  second.reset();
  CHECK(a.sweep_now() == closed);
  tenure::module server = a.modules.open(a.server); // the module's own lock does the same by its vote
  server.symbol<void(int)>("lock_server")(1);
  server.reset();
  CHECK(a.sweep_now() == "vetoed");
  a.modules.open(a.server).symbol<void(int)>("lock_server")(0);
  CHECK(a.sweep_now() == closed);
}

TEST_CASE(
    "C-B11: the end of a context sweeps without a delay, asks, and unloads regardless where that is chosen") {
  apartment a;
  tenure::module server = a.modules.open(a.server);
  server.symbol<void(int)>("lock_server")(1);
  const std::string other = plugin_copy(a.folder, "com_other");
  static_cast<void>(a.modules.open(other));
  server.reset();
  CHECK(outcome_of(a.modules.final_close(), a.server) == "vetoed");
  CHECK(is_gone(other));
  CHECK(outcome_of(tenure::end(a.modules, tenure::end_mode::force), a.server) == closed);
  CHECK(is_gone(a.server));
}

TEST_CASE("C-B12: a yes is only a chance to clean up: the module that is not unloaded goes on as before") {
  apartment a;
  a.make().reset();
  for (int i = 0; i != 5; ++i) {
    CHECK(a.sweep_after(seconds(1)) != closed); // it said yes
    CHECK(a.make()->next() == 1);
  }
  CHECK(a.modules.stats().loads == 1);
}

TEST_CASE("C-B13: the entry point is asked for each time, and what a client cached can be cleared before the "
          "unload") {
  apartment a;
  std::vector<tenure::symbol<counter_class>> cache;
  cache.push_back(a.modules.open(a.server).symbol<counter_class>("the_class"));
  CHECK(cache.front()->answer() == 42);
  static_cast<void>(a.sweep_now());
  CHECK(is_mapped(a.server)); // a counted pointer keeps it
  tenure::cached_symbol<counter_class> light = cache.front();
  cache.clear();
  CHECK(light.lock()->answer() == 42); // one that is not counted does not
  CHECK(a.sweep_now() == closed);
  CHECK(!light.lock());
  CHECK(a.modules.open(a.server).symbol<counter_class>("the_class")->answer() == 42);
  CHECK(!light.lock()); // it was of another load
}

TEST_CASE("C-B15: classes that are registered suspended are not found, and are published all at once") {
  apartment a;
  tenure::class_table classes;
  const tenure::module server = a.modules.open(a.server);
  counter_class* const object = server.symbol<counter_class>("the_class").get();
  classes.add("first", server, object, {.suspended = true});
  classes.add("second", server, object, {.suspended = true});
  for (const char* const name : {"first", "second"})
    CHECK(code_of([&] { static_cast<void>(classes.find<counter_class>(name)); }) ==
          errc::class_not_registered);
  classes.resume();
  const auto first = classes.find<counter_class>("first");
  const auto second = classes.find<counter_class>("second");
  CHECK(first->answer() == 42);
  CHECK(second->answer() == 42);
}

TEST_CASE(
    "C-B17: a registration is unique, bound to its context, revoked once, and revoked by the context's end") {
  apartment a;
  tenure::registration first, second;
  {
    tenure::class_table classes, elsewhere;
    const tenure::module server = a.modules.open(a.server);
    counter_class* const object = server.symbol<counter_class>("the_class").get();
    first = classes.add("it", server, object, {.single_use = true});
    second = classes.add("it", server, object, {.single_use = true});
    CHECK(!(first == second));
    CHECK(code_of([&] { elsewhere.revoke(first); }) == errc::registration_unknown);
    CHECK(code_of([&] { classes.revoke(tenure::registration{7}); }) == errc::registration_unknown);
    const auto used = classes.find<counter_class>("it");
    const auto used_too = classes.find<counter_class>("it"); // the second registration's
    CHECK(code_of([&] { static_cast<void>(classes.find<counter_class>("it")); }) ==
          errc::class_not_registered);
    classes.revoke(first); // used up, and to be revoked all the same
    CHECK(code_of([&] { classes.revoke(first); }) == errc::registration_revoked);
    CHECK(used->answer() == 42); // a connection outlives its registration
  }
  CHECK(a.sweep_now() == closed); // the second one was revoked by the table's end
}

TEST_CASE(
    "C-B20: external locks are nested, the last unlock may release, and a disconnect cuts the clients off") {
  apartment a;
  tenure::class_table classes;
  tenure::module server = a.modules.open(a.server);
  counter_class* const object = server.symbol<counter_class>("the_class").get();
  const tenure::registration cut = classes.add("cut", server, object);
  const tenure::registration locked = classes.add("locked", server, object);
  const auto client = classes.find<counter_class>("cut");
  const auto other = classes.find<counter_class>("locked");
  classes.disconnect(cut);
  CHECK(code_of([&] { client->answer(); }) == errc::object_disconnected);
  CHECK(other->answer() == 42);
  CHECK(code_of([&] { classes.unlock_external(locked, true); }) == errc::not_locked);
  classes.lock_external(locked);
  classes.lock_external(locked);
  classes.unlock_external(locked, true);
  CHECK(other->answer() == 42);
  classes.unlock_external(locked, true);
  CHECK(code_of([&] { other->answer(); }) == errc::object_disconnected);
  CHECK(code_of([&] { classes.revoke(locked); }) == errc::registration_revoked);
}

TEST_CASE(
    "C-B23: a background thread holds its module, and the hold ends after the thread has left the module") {
  apartment a;
  for (const bool by_module : {true, false}) {
    gate g;
    tenure::module_thread of_the_host;
    {
      const tenure::module server = a.modules.open(a.server);
      if (by_module)
        CHECK(server.symbol<int(gate*)>("start_worker")(&g) == 1);
      else
        of_the_host =
            tenure::module_thread(server, [&g, work = server.symbol<void(gate*)>("work")] { work(&g); });
    }
    CHECK(eventually([&] { return g.inside.load(); }));
    CHECK(outcome_of(a.modules.final_close(), a.server) == "busy");
    CHECK(is_mapped(a.server));
    g.go_on = true;
    CHECK(eventually([&] {
      static_cast<void>(a.modules.sweep(at_once));
      return is_gone(a.server);
    }));
  }
}

TEST_CASE("C-B24: a type opts out of the count, and a build counts in its own way, or not at all") {
  apartment a;
  {
    const tenure::instance<counter> opted_out = a.make("uncounted");
    CHECK(opted_out.owner().symbol<int()>("count_objects")() == 1);
    CHECK(opted_out.owner().symbol<int()>("may_unload")() == 1);
  }
  const tenure::module own = a.modules.open(plugin_copy(a.folder, "com_own_count"));
  const tenure::module none = a.modules.open(plugin_copy(a.folder, "com_no_count"));
  tenure::instance<counter> counted = tenure::make<counter>(own, "plain");
  const tenure::instance<counter> ignored = tenure::make<counter>(none, "plain");
  CHECK(own.symbol<int()>("may_unload")() == 0);
  CHECK(none.symbol<int()>("may_unload")() == 1);
  counted.reset();
  CHECK(own.symbol<int()>("may_unload")() == 1);
}

// --- hazards ---

TEST_CASE(
    "C-H1: a module that still runs after its count is zero is not unloaded, however often the host sweeps") {
  apartment a;
  const int wanted = trials("TENURE_EPILOGUE_TRIALS", 1000);
  std::atomic<tail*> current{nullptr};
  std::atomic<bool> over{false};
  std::thread sweeping([&] {
    while (!over) {
      tail* const t = current;
      if (t == nullptr || !t->counted_down) {
        std::this_thread::yield();
        continue;
      }
      static_cast<void>(a.modules.sweep(at_once)); // its own count says that it may go
      t->swept = true;
      current = nullptr;
    }
  });
  int survived = 0;
  for (int i = 0; i != wanted; ++i) {
    tail t;
    tenure::instance<counter> object = a.make("slow");
    object.owner().symbol<void(tail*)>("set_tail")(&t);
    current = &t;
    object.reset(); // returns when a sweep has gone by while its code was in its tail
    survived += t.swept && is_mapped(a.server) ? 1 : 0; // the sweep in the tail did not take it
    static_cast<void>(a.modules.sweep(at_once));
    if (!is_gone(a.server)) --survived;
  }
  over = true;
  sweeping.join();
  MESSAGE(survived << " of " << wanted << " epilogues survived");
  CHECK(survived == wanted);
}

TEST_CASE("C-H2: a vote with COM's truth values turned round is no vote: the module stays, and the report "
          "says so") {
  apartment a;
  const std::string inverted = plugin_copy(a.folder, "com_inverted");
  tenure::instance<counter> object = tenure::make<counter>(a.modules.open(inverted), "plain");
  static_cast<void>(a.modules.sweep(at_once));
  CHECK(object->next() == 1);
  object.reset();
  const auto report = a.modules.sweep(at_once);
  const tenure::unload_entry* const e = tenure_test::entry_of(report, inverted);
  REQUIRE(e != nullptr);
  CHECK(e->outcome == tenure::unload_outcome::vetoed);
  CHECK(e->violation == errc::not_an_answer);
  CHECK(is_mapped(inverted));
}

TEST_CASE("C-H3: no delay is needed: a worker holds its module as long as it runs, and not a moment longer") {
  apartment a;
  gate g;
  CHECK(a.modules.open(a.server).symbol<int(gate*)>("start_worker")(&g) == 1);
  CHECK(eventually([&] { return g.inside.load(); }));
  static_cast<void>(a.modules.sweep(at_once)); // COM: "may have unexpected consequences"
  CHECK(is_mapped(a.server));
  g.go_on = true;
  CHECK(eventually([&] { return a.sweep_now() == closed; })); // at once, not after ten minutes
}

TEST_CASE("C-H4: sweeping each second with a delay of three seconds unloads after three seconds") {
  apartment a;
  a.make().reset();
  static_cast<void>(a.modules.sweep(seconds(3)));
  int passed = 0;
  while (is_mapped(a.server) && passed != 11 && loader_unmaps()) {
    a.clock.advance(seconds(1));
    static_cast<void>(a.modules.sweep(seconds(3)));
    ++passed;
  }
  CHECK(passed == (loader_unmaps() ? 3 : 0));
}

TEST_CASE("C-H5: a use revives a candidate: armed, used at 1.5 s, swept at 2.5 s with a delay of 2 s, it is "
          "still there") {
  apartment a;
  a.make().reset();
  static_cast<void>(a.modules.sweep(seconds(2)));
  a.clock.advance(milliseconds(1500));
  a.make().reset();
  a.clock.advance(seconds(1));
  CHECK(outcome_of(a.modules.sweep(seconds(2)), a.server) != closed);
  CHECK(is_mapped(a.server));
  a.clock.advance(seconds(2));
  CHECK(outcome_of(a.modules.sweep(seconds(2)), a.server) == closed);
}

TEST_CASE("C-H6: a pointer to a class object holds its module, although the server counts none") {
  apartment a;
  tenure::symbol<counter_class> held = a.modules.open(a.server).symbol<counter_class>("the_class");
  static_cast<void>(a.sweep_now());
  static_cast<void>(a.modules.final_close());
  CHECK(held->answer() == 42);
  held = {};
  CHECK(a.sweep_now() == closed);
}

TEST_CASE("C-H7: a sweep, a final close and a forced end from an object's destructor leave its module until "
          "it has returned") {
  apartment a;
  {
    tenure::instance<counter> object = a.make();
    struct inner {
      com_manager* modules;
      bool stayed;
      std::string file;
    } in{&a.modules, false, a.server};
    object.owner().symbol<void(on_end)>("set_end")(
        on_end{[](void* p) {
                 auto& i = *static_cast<inner*>(p);
                 static_cast<void>(i.modules->sweep(at_once));
                 static_cast<void>(i.modules->final_close());
                 static_cast<void>(tenure::end(*i.modules, tenure::end_mode::force));
                 i.stayed = is_mapped(i.file);
               },
               &in});
    object.reset();
    CHECK(in.stayed);
  }
  CHECK(a.sweep_now() == closed);
}

TEST_CASE("C-H8: a vote is asked under no lock: it may wait for a thread that opens, sweeps and closes") {
  tenure_test::talkers s;
  tenure::manager<com_sweep> modules;
  s.when_a_is_asked = [&] {
    std::thread other([&] {
      CHECK(modules.open(s.b).symbol<int()>("answer")() == 42);
      static_cast<void>(modules.sweep(at_once));
      static_cast<void>(modules.report());
    });
    other.join();
    return talk_act::yes;
  };
  static_cast<void>(modules.open(s.a));
  // The other thread's sweep may leave the module to a thread that the system shows for a moment longer.
  CHECK(tenure_test::eventually([&] {
    static_cast<void>(modules.sweep(at_once));
    return is_gone(s.a);
  }));
}

TEST_CASE("C-H9: what the end of a context left mapped can be unloaded by the next context") {
  tenure_test::scratch folder;
  const std::string server = plugin_copy(folder, "com_server");
  {
    com_manager first;
    first.open(server).symbol<void(int)>("lock_server")(1);
    CHECK(outcome_of(tenure::end(first, tenure::end_mode::leave_mapped), server) == "kept");
  }
  CHECK(is_mapped(server));
  com_manager second;
  {
    const tenure::module again = second.open(server);
    again.symbol<void(int)>("lock_server")(0);
  }
  const auto report = second.sweep(at_once);
  CHECK(second.stats().closes == 1);
  CHECK(outcome_of(report, server) == closed);
  CHECK(is_gone(server));
}

TEST_CASE(
    "C-H10: a module's uncounted caches are let go in its hook before it goes, and what they held goes too") {
  apartment a;
  const std::string other = plugin_copy(a.folder, "com_other");
  std::optional<tenure::module> cache = a.modules.open(other);
  a.modules.open(a.server).symbol<void(on_end)>("set_unload")(
      on_end{[](void* p) { static_cast<std::optional<tenure::module>*>(p)->reset(); }, &cache});
  static_cast<void>(a.modules.final_close());
  CHECK(!cache);
  CHECK(is_gone(a.server));
  static_cast<void>(a.modules.final_close());
  CHECK(is_gone(other));
}

TEST_CASE("C-H11: a module that another needs is held by an edge: it goes after it, and not with it while it "
          "has objects") {
  apartment a;
  const std::string needed = plugin_copy(a.folder, "com_other");
  tenure::instance<counter> object;
  {
    const tenure::module user = a.modules.open(a.server);
    const tenure::module used = a.modules.open(needed);
    tenure::depend(user, used);
    tenure::failure why;
    CHECK(!tenure::depend(used, user, why));
    CHECK(why.code() == errc::dependency_cycle);
    CHECK(!tenure::depend(user, user, why));
    object = tenure::make<counter>(used, "plain");
  }
  CHECK(std::string(tenure_test::entry_of(a.modules.report(), needed)->detail).find(a.server) !=
        std::string::npos);
  static_cast<void>(a.modules.sweep(at_once));
  CHECK(is_gone(a.server));
  CHECK(object->next() == 1);
  object.reset();
  static_cast<void>(a.modules.sweep(at_once));
  CHECK(is_gone(needed));
}

TEST_CASE("C-H12: the locks of a client that dies are returned, and only its own can be taken back") {
  apartment a;
  const tenure::module server = a.modules.open(a.server);
  try {
    tenure::lock_owner client("client");
    client.lock(server);
    client.lock(server);
    client.unlock(server);
    tenure::lock_owner stranger("stranger");
    CHECK(code_of([&] { stranger.unlock(server); }) == errc::not_locked);
    CHECK(client.locks(server) == 1);
    CHECK(tenure_test::entry_of(a.modules.report(), a.server)->pins == 1);
    throw std::runtime_error("the client dies");
  } catch (const std::runtime_error&) {
  }
  CHECK(tenure_test::entry_of(a.modules.report(), a.server)->pins == 0);
}

TEST_CASE("C-H13: with its last user the server stops in the same step: nobody gets an object of a server "
          "that ends") {
  apartment a;
  const tenure::module server = a.modules.open(a.server);
  counter_class* const object = server.symbol<counter_class>("the_class").get();
  int refused = 0, connected = 0;
  for (int i = 0; i != trials("TENURE_STOP_TRIALS", 300); ++i) {
    tenure::class_table classes;
    classes.add("it", server, object);
    std::optional<tenure::class_object<counter_class>> last = classes.find<counter_class>("it");
    std::atomic<bool> go{false};
    bool lied = false;
    std::thread client([&] {
      while (!go) {
      }
      try {
        const auto late = classes.find<counter_class>("it");
        ++connected;
        lied = classes.stopping() || late->answer() != 42;
      } catch (const tenure::error& e) {
        ++refused;
        lied = e.why().code() != errc::server_stopping || !classes.stopping();
      }
    });
    go = true;
    last.reset();
    client.join();
    CHECK(!lied);
    CHECK(classes.stopping());
  }
  CHECK(refused + connected == trials("TENURE_STOP_TRIALS", 300));
}

TEST_CASE("C-H14: what becomes of a veto at the end is chosen, and reported: wait, leave mapped, or force") {
  using tenure::end_mode;
  for (const end_mode mode : {end_mode::wait, end_mode::leave_mapped, end_mode::force}) {
    tenure_test::talkers s;
    int times = 0;
    s.when_a_is_asked = [&] { return mode == end_mode::wait && ++times == 3 ? talk_act::yes : talk_act::no; };
    com_manager modules;
    static_cast<void>(modules.open(s.a));
    const std::string outcome = outcome_of(tenure::end(modules, mode), s.a);
    CHECK(outcome == (mode == end_mode::leave_mapped ? "kept" : closed));
    CHECK(is_mapped(s.a) == (mode == end_mode::leave_mapped || !loader_unmaps()));
    if (mode == end_mode::wait) CHECK(times == 3);
  }
}

TEST_CASE(
    "C-H14: a wait for what never says yes ends with its patience, and the report says what was in the way") {
  tenure_test::talkers s;
  s.when_a_is_asked = [] { return talk_act::no; };
  com_manager modules;
  static_cast<void>(modules.open(s.a));
  CHECK(outcome_of(tenure::end(modules, tenure::end_mode::wait, milliseconds(5)), s.a) == "vetoed");
  static_cast<void>(modules.force_close());
}

TEST_CASE("C-H15: the report names who keeps a module: owners of locks, and modules that need it") {
  apartment a;
  tenure::lock_owner shell("shell"), updater("updater");
  {
    const tenure::module server = a.modules.open(a.server);
    shell.lock(server);
    shell.lock(server);
    updater.lock(server);
  }
  const auto report = a.modules.final_close();
  const tenure::unload_entry* const e = tenure_test::entry_of(report, a.server);
  REQUIRE(e != nullptr);
  CHECK(e->outcome == tenure::unload_outcome::pinned);
  CHECK(std::string(e->detail).find("shell (2)") != std::string::npos);
  CHECK(std::string(e->detail).find("updater (1)") != std::string::npos);
}

TEST_CASE("a plug-in that was built against another version of the interface is refused, with both numbers") {
  apartment a;
  const tenure::module server = a.modules.open(a.server);
  CHECK(code_of([&] { static_cast<void>(tenure::make<old_counter>(server, "plain")); }) ==
        errc::interface_mismatch);
  CHECK(code_of([&] { static_cast<void>(tenure::make<counter>(server, "none")); }) == errc::no_such_factory);
  CHECK(code_of([&] {
          static_cast<void>(tenure::make<counter>(a.modules.open(a.folder.copy("basic")), "plain"));
        }) == errc::symbol_not_found);
}

TEST_CASE("work that outlives its call holds the module by a module_reference") {
  apartment a;
  void* work = nullptr;
  void (*end_work)(void*) = nullptr;
  {
    const tenure::module server = a.modules.open(a.server);
    work = server.symbol<void*()>("begin_work")();
    end_work = server.symbol<void(void*)>("end_work").get();
  }
  static_cast<void>(a.sweep_now());
  CHECK(is_mapped(a.server));
  end_work(work); // called through a raw pointer: the reference that goes is the last
  CHECK(is_mapped(a.server));
  static_cast<void>(a.sweep_now());
  static_cast<void>(a.sweep_now());
  CHECK(is_gone(a.server));
}
