// COM's lifetimes, as far as one process goes: C-B are its behaviours, C-H its hazards (see CONFORMANCE.md).
#include "plugin/talkers.hpp"
#include "scenarios/modules/com_interface.hpp"
#include "support/closed.hpp"
#include "support/emulated.hpp"
#include "support/sanitizers.hpp"
#include "support/until.hpp"
#include "support/virtual_clock.hpp"

#include <tenure/cached_symbol.hpp>
#include <tenure/class_table.hpp>
#include <tenure/controller.hpp>
#include <tenure/dependency.hpp>
#include <tenure/end.hpp>
#include <tenure/lock_owner.hpp>
#include <tenure/make.hpp>
#include <tenure/thread.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
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

using tenure_test::closed;

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

// An apartment whose objects are destroyed by one thread and swept by another while they are in their last
// millisecond.
struct lane {
  apartment a;
  std::atomic<tail*> current{nullptr};

  bool sweep_in_tail() {
    tail* const t = current;
    if (t == nullptr || !t->counted_down) return false;
    current = nullptr;
    static_cast<void>(a.modules.sweep(at_once)); // its own count says that it may go
    t->swept = true;
    return true;
  }
  // One object's end. False if the sweep took its code away, or a later one does not.
  bool survives() {
    tail t;
    tenure::instance<counter> object = a.make("slow");
    object.owner().symbol<void(tail*)>("set_tail")(&t);
    current = &t;
    object.reset(); // returns when a sweep has gone by while its code was in its tail
    const bool there = t.swept && is_mapped(a.server);
    return there && eventually([this] {
             static_cast<void>(a.modules.sweep(at_once)); // busy threads may answer late
             return is_gone(a.server);
           });
  }
};

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
  const auto others = other.sweep(at_once); // closed there, and the report says who has it still
  const tenure::unload_entry* const e = tenure_test::entry_of(others, a.server);
  REQUIRE(e != nullptr);
  CHECK(e->outcome == tenure::unload_outcome::lingering);
  if (loader_unmaps()) CHECK(e->reason == tenure::linger_reason::other_holder);
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
  server.symbol<void(int)>("lock_server")(1);
  server.reset();
  for (int i = 0; i != 2; ++i) { // nested: each has to be returned
    CHECK(a.sweep_now() == "vetoed");
    a.modules.open(a.server).symbol<void(int)>("lock_server")(0);
  }
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
  tenure::cached_symbol<counter_class> cleared = light;
  cleared.clear(); // before the unload
  CHECK(!cleared.lock());
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
  tenure::class_table watched;
  for (const char* const name : {"first", "second"})
    watched.lock_external(watched.add(name, server, object, {.suspended = true})); // goes on without a client
  for (const char* const name : {"first", "second"})
    CHECK(code_of([&] { static_cast<void>(classes.find<counter_class>(name)); }) ==
          errc::class_not_registered);
  std::atomic<int> ready{0}, torn{0}, seen{0};
  std::thread observer([&] { // whoever finds the one finds the other
    for (ready = 1; seen == 0;) {
      const auto is_there = [&](const char* name) {
        return code_of([&] { static_cast<void>(watched.find<counter_class>(name)); }) == errc::ok;
      };
      if (!is_there("first")) continue;
      if (!is_there("second")) ++torn;
      ++seen;
    }
  });
  CHECK(eventually([&] { return ready != 0; }));
  watched.resume();
  observer.join();
  CHECK(torn == 0);
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

TEST_CASE("C-B20: a lock alone keeps the server in use, and its last unlock without the flag leaves the "
          "object connected") {
  apartment a;
  tenure::class_table classes;
  const tenure::module server = a.modules.open(a.server);
  const tenure::registration r = classes.add("it", server, server.symbol<counter_class>("the_class").get());
  classes.lock_external(r);
  { const auto client = classes.find<counter_class>("it"); }
  CHECK(!classes.stopping());
  {
    const auto client = classes.find<counter_class>("it");
    classes.unlock_external(r, false);
    CHECK(client->answer() == 42);
    CHECK(!classes.stopping());
    CHECK(code_of([&] { classes.unlock_external(r, false); }) == errc::not_locked);
  }
  CHECK(classes.stopping());
  CHECK(code_of([&] { classes.lock_external(r); }) == errc::server_stopping); // too late, as for everybody
  CHECK(code_of([&] { classes.add("it", server, server.symbol<counter_class>("the_class").get()); }) ==
        errc::server_stopping);
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
    CHECK(eventually([&] { return a.sweep_now() == closed; })); // so that the thread is done with the gate
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

TEST_CASE(
    "C-B24: where nothing is to be unloaded, policy::resident keeps the pages through the whole life cycle") {
  tenure_test::scratch folder;
  const std::string server = plugin_copy(folder, "com_server");
  tenure::manager<tenure::policy::resident> modules;
  for (int next = 1; next != 3; ++next) {
    CHECK(tenure::make<counter>(modules.open(server), "plain")->next() == 1);
    CHECK(modules.open(server).symbol<int()>("may_unload")() == 1);
    CHECK(outcome_of(modules.final_close(), server) == "kept");
    CHECK(is_mapped(server));
  }
  CHECK(modules.stats().closes == 0);
}

// --- hazards ---

TEST_CASE(
    "C-H1: a module that still runs after its count is zero is not unloaded, however often the host sweeps") {
  const int wanted = trials("TENURE_EPILOGUE_TRIALS", tenure_test::races_take_long ? 1'000 : 10'000);
  std::vector<std::unique_ptr<lane>> lanes; // side by side: while one module stalls the others get on
  // With more threads hardly any scan has all answers under ThreadSanitizer, which hands on signals when it likes.
  const int side_by_side = tenure_test::thread_sanitizer ? 1 : 8;
  for (int i = 0; i != side_by_side; ++i) lanes.push_back(std::make_unique<lane>());
  std::atomic<bool> over{false};
  std::thread sweeping([&] {
    while (!over) {
      bool swept = false;
      for (const std::unique_ptr<lane>& each : lanes) swept |= each->sweep_in_tail();
      if (!swept) std::this_thread::yield();
    }
  });
  std::atomic<int> begun{0}, survived{0};
  std::vector<std::thread> clients;
  for (const std::unique_ptr<lane>& each : lanes)
    clients.emplace_back([&, at = each.get()] {
      while (begun++ < wanted) survived += at->survives() ? 1 : 0;
    });
  for (std::thread& each : clients) each.join();
  over = true;
  sweeping.join();
  MESSAGE(survived.load() << " of " << wanted << " epilogues survived");
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

TEST_CASE("C-H7: the same where the object holds nothing any more, as one that has reported its own end: its "
          "stack keeps it") {
  apartment a;
  struct inner {
    com_manager* modules;
    bool stayed;
    std::string file, outcome;
  } in{&a.modules, false, a.server, ""};
  void (*end_object)(counter*) = nullptr;
  counter* object = nullptr;
  {
    const tenure::module server = a.modules.open(a.server);
    object = server.symbol<counter*()>("make_counter")();
    end_object = server.symbol<void(counter*)>("free_counter").get();
    server.symbol<void(on_end)>("set_end")(
        on_end{[](void* p) {
                 auto& i = *static_cast<inner*>(p);
                 static_cast<void>(i.modules->sweep(at_once));
                 static_cast<void>(i.modules->final_close());
                 i.outcome = outcome_of(tenure::end(*i.modules, tenure::end_mode::force), i.file);
                 i.stayed = is_mapped(i.file);
               },
               &in});
  }
  end_object(object); // no reference is left
  CHECK(in.stayed);
  CHECK(in.outcome == "deferred");
  CHECK(a.sweep_now() == closed);
  CHECK(is_gone(a.server));
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

TEST_CASE("C-H9: a module that is on its way out is not revived: whoever asks meanwhile waits, and gets a "
          "new life or nothing") {
  apartment a;
  struct scene {
    apartment* a;
    tenure::weak_module weak;
    bool revived = false;
    errc opened = errc::ok;
  } s{&a, {}};
  {
    const tenure::module server = a.modules.open(a.server);
    s.weak = server;
    server.symbol<void(on_end)>("set_unload")(
        on_end{[](void* context) {
                 auto& at = *static_cast<scene*>(context);
                 std::thread other([&] { at.revived = static_cast<bool>(at.weak.lock()); });
                 other.join();
                 at.opened = code_of([&] { static_cast<void>(at.a->modules.open(at.a->server)); });
               },
               &s});
  }
  CHECK(a.sweep_now() == closed);
  CHECK(!s.revived);
  CHECK(s.opened == errc::module_is_closing);
  CHECK(is_gone(a.server));
  CHECK(!s.weak.lock());
}

TEST_CASE("C-H9: a module that said no when its context ended, on a thread that has ended since, is the next "
          "context's") {
  tenure_test::scratch folder;
  const std::string server = plugin_copy(folder, "com_server");
  std::thread first([&] { com_manager().open(server).symbol<void(int)>("lock_server")(1); });
  first.join();
  CHECK(is_mapped(server));
  com_manager second;
  second.open(server).symbol<void(int)>("lock_server")(0);
  CHECK(outcome_of(second.sweep(at_once), server) == closed);
  CHECK(is_gone(server));
}

TEST_CASE("C-H9: a module whose code was on a stack when its context ended is the next context's once that "
          "thread has ended") {
  tenure_test::scratch folder;
  const std::string server = plugin_copy(folder, "com_server");
  for (const bool handle_outlives : {false, true}) {
    struct scene {
      std::optional<com_manager> modules{std::in_place};
      tenure::module server;
      bool handle_outlives;
    };
    std::thread first([&] {
      scene s;
      s.handle_outlives = handle_outlives;
      s.server = s.modules->open(server);
      const auto call_back = s.server.symbol<int(void (*)(void*), void*)>("call_back").get();
      call_back(
          [](void* context) {
            auto& at = *static_cast<scene*>(context);
            if (at.handle_outlives) at.modules.reset();
            at.server.reset();
            at.modules.reset();
          },
          &s);
    });
    first.join();
    CHECK(is_mapped(server));
    const auto goes_with_next_context = [&] {
      com_manager second;
      static_cast<void>(second.open(server));
      return outcome_of(second.sweep(at_once), server) == closed && is_gone(server);
    };
    CHECK(tenure_test::holds_at_once(goes_with_next_context));
  }
}

TEST_CASE(
    "C-H9: what a module that was left mapped needs stays with it, and goes after it in the next context") {
  tenure_test::scratch folder;
  const std::string server = plugin_copy(folder, "com_server"), needed = plugin_copy(folder, "com_other");
  {
    com_manager first;
    const tenure::module user = first.open(server);
    user.symbol<void(int)>("lock_server")(1);
    tenure::depend(user, first.open(needed));
  }
  {
    com_manager middle;
    static_cast<void>(middle.open(server));
    CHECK(outcome_of(tenure::end(middle, tenure::end_mode::leave_mapped), server) ==
          "kept"); // handed on once more
  }
  CHECK(is_mapped(needed));
  com_manager last;
  last.open(server).symbol<void(int)>("lock_server")(0);
  CHECK(is_mapped(needed));
  CHECK(outcome_of(last.sweep(at_once), server) == closed);
  CHECK(is_gone(server));
  CHECK(is_gone(needed));
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

TEST_CASE("C-H11: whether an edge would close a circle is found by looking at each module once: sixty layers "
          "of two") {
  static int number = 7;
  static const tenure::static_symbol symbols[] = {{"number", &number}};
  tenure::manager<> modules;
  std::vector<tenure::module> layers;
  for (int i = 0; i != 120; ++i) layers.push_back(modules.add_static(std::to_string(i).c_str(), symbols));
  for (std::size_t layer = 60; layer-- != 1;) // 2^60 ways from the top to the bottom
    for (const std::size_t above : {0u, 1u})
      for (const std::size_t below : {0u, 1u})
        tenure::depend(layers[2 * layer - 2 + above], layers[2 * layer + below]);
  tenure::failure why;
  CHECK_FALSE(tenure::depend(layers[119], layers[0], why));
  CHECK(why.code() == errc::dependency_cycle);
  CHECK(tenure::depend(layers[0], layers[119], why));
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
  const int wanted = trials("TENURE_STOP_TRIALS", 300), at_most = 100 * wanted; // until both have been seen
  int done = 0;
  for (; done < wanted || (done < at_most && (refused == 0 || connected == 0)); ++done) {
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
    if (done % 2 != 0) std::this_thread::yield(); // so that each of the two is the first at times
    last.reset();
    client.join();
    CHECK(!lied);
    CHECK(classes.stopping());
  }
  CHECK(refused + connected == done);
  CHECK(refused > 0);
  CHECK(connected > 0);
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
  const std::string needing = plugin_copy(a.folder, "com_other");
  tenure::lock_owner shell("shell"), updater("updater");
  {
    const tenure::module server = a.modules.open(a.server);
    shell.lock(server);
    shell.lock(server);
    updater.lock(server);
    tenure::depend(a.modules.open(needing), server);
  }
  const tenure::pin stays = a.modules.open(needing).pin(); // else it goes, and its edge with it
  const auto report = a.modules.final_close();
  const tenure::unload_entry* const e = tenure_test::entry_of(report, a.server);
  REQUIRE(e != nullptr);
  CHECK(e->outcome == tenure::unload_outcome::busy);
  CHECK(e->pins == 2);
  CHECK(e->references == 1);
  CHECK(std::string(e->detail).find("needed by " + needing) != std::string::npos);
  CHECK(std::string(e->detail).find("shell (2)") != std::string::npos);
  CHECK(std::string(e->detail).find("updater (1)") != std::string::npos);
}

// --- what MAF's shutdowns meet in a module that votes and has threads ---

TEST_CASE("M-B10: a forced shutdown takes no vote, and one that may refuse gives the vote as its reason") {
  using tenure::shutdown_mode;
  apartment a;
  tenure::module server = a.modules.open(a.server);
  server.symbol<void(int)>("lock_server")(1);
  tenure::controller end(server);
  server.reset();
  const tenure::shutdown_result refused = end.shutdown(seconds(1), shutdown_mode::refuse);
  CHECK(refused.why.code() == errc::module_vetoed);
  CHECK(std::string(refused.why.what()).find("shutdown_mode::force") != std::string::npos);
  CHECK(a.modules.open(a.server).symbol<int()>("may_unload")() == 0); // as before
  CHECK(a.modules.stats().vetoes == 1);
  const tenure::shutdown_result forced = end.shutdown(seconds(1), shutdown_mode::force);
  CHECK(forced);
  CHECK(forced.outcome == tenure_test::closed_outcome());
  CHECK(is_gone(a.server));
  const tenure::module again = a.modules.open(a.server); // a new life
  CHECK(again.symbol<int()>("may_unload")() == (loader_unmaps() ? 1 : 0));
}

TEST_CASE("M-B10: a module that votes yes is asked and then not again: what it says later keeps nobody") {
  apartment a;
  tenure::module server = a.modules.open(a.server);
  const auto lock_server = server.symbol<void(int)>("lock_server").get();
  CHECK(tenure::controller(server).shutdown({}, tenure::shutdown_mode::refuse));
  lock_server(1); // says no from now on
  server.reset();
  CHECK(is_gone(a.server));
}

TEST_CASE("M-B12: after a shutdown the module's own code gets no hold on it and no thread") {
  apartment a;
  gate g;
  g.go_on = true;
  const tenure::module server = a.modules.open(a.server);
  const auto start_worker = server.symbol<int(gate*)>("start_worker");
  const auto begin_work = server.symbol<void*()>("begin_work");
  const auto end_work = server.symbol<void(void*)>("end_work");
  CHECK(tenure::controller(server).shutdown({}, tenure::shutdown_mode::force));
  const std::uint32_t references = tenure_test::entry_of(a.modules.report(), a.server)->references;
  CHECK(start_worker(&g) == 0);
  CHECK(!g.inside);
  void* const work = begin_work(); // empty
  CHECK(tenure_test::entry_of(a.modules.report(), a.server)->references == references);
  end_work(work);
}

TEST_CASE("M-H8: a thread that the module has started is a call: a shutdown refuses while it runs") {
  apartment a;
  gate g;
  const tenure::module server = a.modules.open(a.server);
  CHECK(server.symbol<int(gate*)>("start_worker")(&g) == 1);
  CHECK(eventually([&] { return g.inside.load(); }));
  tenure::controller end(server);
  const tenure::shutdown_result refused = end.shutdown({}, tenure::shutdown_mode::refuse);
  CHECK(refused.why.code() == errc::calls_in_flight);
  CHECK(refused.calls == 1);
  g.go_on = true;
  CHECK(eventually([&] { return static_cast<bool>(end.shutdown({}, tenure::shutdown_mode::refuse)); }));
}

TEST_CASE("a null pointer where a text is due is an error, and no fault") {
  apartment a;
  const tenure::module server = a.modules.open(a.server);
  const char* const none = nullptr;
  tenure::class_table classes;
  static int object = 1;
  static const tenure::static_symbol symbols[] = {{"object", &object}};
  CHECK(code_of([&] { const tenure::lock_owner nobody(none); }) == errc::name_missing);
  CHECK(code_of([&] { classes.add(none, server, &object); }) == errc::name_missing);
  CHECK(code_of([&] { static_cast<void>(classes.find<int>(none)); }) == errc::name_missing);
  CHECK(code_of([&] { static_cast<void>(tenure::make<counter>(server, none)); }) == errc::name_missing);
  CHECK(code_of([&] { static_cast<void>(server.symbol<int()>(none)); }) == errc::symbol_not_found);
  CHECK(code_of([&] { static_cast<void>(server.create<counter_class>(none)); }) == errc::symbol_not_found);
  CHECK(code_of([&] { static_cast<void>(a.modules.open(none)); }) == errc::path_empty);
  CHECK(code_of([&] { static_cast<void>(a.modules.add_static(none, symbols)); }) == errc::name_missing);
}

TEST_CASE("a module may be in any number of managers at once, and each holds it for its own code") {
  tenure_test::scratch folder;
  const std::string server = plugin_copy(folder, "com_server");
  std::vector<std::unique_ptr<com_manager>> managers;
  std::vector<tenure::module> handles;
  for (int i = 0; i != 20; ++i) {
    managers.push_back(std::make_unique<com_manager>());
    handles.push_back(managers.back()->open(server));
  }
  for (std::size_t i = 0; i != 19; ++i) {
    handles[i].reset();
    static_cast<void>(managers[i]->force_close());
    managers[i].reset();
  }
  gate g;
  CHECK(handles.back().symbol<int(gate*)>("start_worker")(&g) == 1); // held for by the one that is left
  CHECK(eventually([&] { return g.inside.load(); }));
  handles.back().reset();
  CHECK(outcome_of(managers.back()->final_close(), server) == "busy");
  g.go_on = true;
  CHECK(eventually([&] { return outcome_of(managers.back()->sweep(at_once), server) == closed; }));
}

TEST_CASE("a row of a module's table that lacks its names is no row, and does no harm") {
  static const tenure_factory nameless{
      sizeof(tenure_factory), 2, sizeof(counter), nullptr, nullptr, nullptr, nullptr};
  static const tenure::static_symbol symbols[] = {
      {"tenure_factories",
       reinterpret_cast<void*>(+[](std::size_t i) { return i == 0 ? &nameless : nullptr; })}};
  tenure::manager<> modules;
  const tenure::module m = modules.add_static("nameless", symbols);
  CHECK(code_of([&] { static_cast<void>(tenure::make<counter>(m, "plain")); }) == errc::no_such_factory);
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
