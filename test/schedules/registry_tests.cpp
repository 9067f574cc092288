// Every interleaving that the comments of count.hpp, registry.cpp, opening.cpp and closing.cpp speak of.
// Oracle: a module that a fiber holds is mapped (fake_system::use), no close too many, no deadlock, and at
// the end all that was loaded is unloaded exactly as often.
#include "schedules/fake_system.hpp"
#include "schedules/thorough.hpp"

#include <tenure/shortcut.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <utility>

namespace schedule = tenure_test::schedule;
using tenure_test::fake_system;

namespace {

constexpr const char* a_path = "/a";
constexpr const char* b_path = "/b";

template <class Policy> struct world {
  fake_system system;
  std::unique_ptr<tenure::manager<Policy>> modules;
  tenure::module handle;
  tenure::weak_module weak;
  tenure::pin pin;
  bool at_the_end = false;

  world() {
    system.add(a_path);
    system.add(b_path);
    tenure::manager_options options;
    options.check = tenure::file_check::none;
    modules = std::make_unique<tenure::manager<Policy>>(options);
  }
  static void end_orphans();
  void end() {
    at_the_end = system.all_ended = true;
    handle.reset();
    pin.reset();
    weak = {};
    if (modules) schedule::require(modules->final_close().all_gone(), "the final close leaves nothing");
    modules.reset();
    end_orphans();
    schedule::require(system.mapped() == 0, "nothing stays mapped");
    for (const auto& [path, m] : system.files)
      schedule::require(m.times_loaded == m.times_unloaded, "each load is undone once");
  }
};

// A manager that counts in stripes leaves what is in use at its end to the next one.
template <class Policy> void world<Policy>::end_orphans() {
  if constexpr (requires { Policy::counts_in_stripes; }) tenure::manager<Policy> next;
}

template <class Policy> using body = std::function<void(world<Policy>&)>;

// Runs the bodies, each in a fiber of its own, on a world that `prepare` has made ready.
template <class Policy> void survives(std::vector<body<Policy>> bodies, body<Policy> prepare = nullptr) {
  const auto make = [&] {
    auto w = std::make_shared<world<Policy>>();
    if (prepare) prepare(*w);
    schedule::test_case made;
    for (const auto& b : bodies) made.fibers.push_back([w, b] { b(*w); });
    made.check = [w] { w->end(); };
    return made;
  };
  schedule::survives(make);
}

template <class Policy> void open_use_release(world<Policy>& w) {
  const tenure::module m = w.modules->open(a_path);
  w.system.use(a_path);
}

template <class Policy> void lock_use_release(world<Policy>& w) {
  if (const tenure::module m = w.weak.lock()) w.system.use(a_path);
}

// For initialisers and finalisers: nothing may leave them.
template <class Policy> void open_quietly(world<Policy>& w, const char* path) {
  tenure::failure refused;
  if (w.modules) static_cast<void>(w.modules->open(path, refused));
}

template <class Policy> void drop_the_handle(world<Policy>& w) { w.handle.reset(); }

template <class Policy> void hold_a(world<Policy>& w) {
  w.handle = w.modules->open(a_path);
  w.weak = w.handle;
}

} // namespace

#define EVERY_POLICY                                                                                         \
  tenure::policy::immediate, tenure::policy::deferred<1>, tenure::policy::deferred<2>,                       \
      tenure::policy::final_close, tenure::policy::keep_warm<1>,                                             \
      tenure::policy::distributed<tenure::policy::final_close>, tenure::policy::adaptive

TEST_CASE_TEMPLATE("opens of one file race with last releases", P, EVERY_POLICY) {
  survives<P>({open_use_release<P>, open_use_release<P>, open_use_release<P>});
}

TEST_CASE_TEMPLATE("a weak lock races with the last release and with an open", P, EVERY_POLICY) {
  survives<P>({drop_the_handle<P>, lock_use_release<P>, open_use_release<P>}, hold_a<P>);
}

TEST_CASE_TEMPLATE("copies on two threads race with the last release of the original", P, EVERY_POLICY) {
  const body<P> copy = [](world<P>& w) {
    const tenure::module mine = w.weak.lock();
    const tenure::module more = mine;
    if (more) w.system.use(a_path);
  };
  survives<P>({drop_the_handle<P>, copy, copy}, hold_a<P>);
}

TEST_CASE_TEMPLATE("a parked module is revived while another's release evicts it", P, EVERY_POLICY) {
  survives<P>({lock_use_release<P>, lock_use_release<P>,
               [](world<P>& w) { static_cast<void>(w.modules->open(b_path)); }},
              [](world<P>& w) {
                hold_a(w);
                drop_the_handle(w);
              });
}

TEST_CASE_TEMPLATE("pins race with the last release", P, EVERY_POLICY) {
  survives<P>({drop_the_handle<P>, [](world<P>& w) { w.pin.reset(); }, open_use_release<P>}, [](world<P>& w) {
    hold_a(w);
    w.pin = w.handle.pin();
  });
}

TEST_CASE_TEMPLATE("final closes race with opens and releases", P, EVERY_POLICY) {
  const body<P> close = [](world<P>& w) { static_cast<void>(w.modules->final_close()); };
  survives<P>({close, open_use_release<P>, drop_the_handle<P>}, hold_a<P>);
}

TEST_CASE_TEMPLATE("sweeps race with revives", P, EVERY_POLICY, tenure::policy::periodic_sweep,
                   tenure::policy::distributed<>) {
  const body<P> sweep = [](world<P>& w) { static_cast<void>(w.modules->sweep(tenure::duration(0))); };
  survives<P>({sweep, lock_use_release<P>, drop_the_handle<P>}, hold_a<P>);
}

TEST_CASE_TEMPLATE("the last handles go while the manager goes", P, EVERY_POLICY) {
  survives<P>({drop_the_handle<P>, [](world<P>& w) { w.modules.reset(); }, lock_use_release<P>}, hold_a<P>);
}

TEST_CASE_TEMPLATE("an initialiser opens what another thread is loading", P, EVERY_POLICY) {
  const body<P> open_b = [](world<P>& w) {
    const tenure::module m = w.modules->open(b_path);
    w.system.use(b_path);
  };
  survives<P>({open_use_release<P>, open_b}, [](world<P>& w) {
    w.system.files[a_path].initialiser = [&w] { open_quietly(w, b_path); };
    w.system.files[b_path].initialiser = [&w] { open_quietly(w, a_path); };
  });
}

TEST_CASE_TEMPLATE("a finaliser opens what another thread is closing", P, EVERY_POLICY) {
  const body<P> open_b = [](world<P>& w) {
    const tenure::module m = w.modules->open(b_path);
    w.system.use(b_path);
  };
  survives<P>({open_use_release<P>, open_b},
              [](world<P>& w) { w.system.files[a_path].finaliser = [&w] { open_quietly(w, b_path); }; });
}

// --- what is remembered of them ---

TEST_CASE("a shortcut through which two modules take turns gives each its own address") {
  struct turns : world<tenure::policy::final_close> {
    tenure::shortcut<char> name{"name"};
    tenure::module a = modules->open(a_path);
    tenure::module b = modules->open(b_path);
    void ask(const tenure::module& m) {
      schedule::require(&name.in(m) == m.symbol<char>("name").get(),
                        "an address is of the module that is asked");
    }
    void end_with_handles() {
      a.reset(), b.reset();
      end();
    }
  };
  const auto make = [] {
    auto w = std::make_shared<turns>();
    w->ask(w->b);
    w->ask(w->a); // and what is known of both is remembered
    schedule::test_case made;
    made.fibers.push_back([w] { w->ask(w->a); });
    made.fibers.push_back([w] { w->ask(w->b), w->ask(w->a); });
    made.check = [w] { w->end_with_handles(); };
    return made;
  };
  schedule::survives(make);
  // A reader that pauses twice while the other takes a turn each time.
  CHECK(schedule::explored(make, schedule::strategy::exhaustive, 1'000'000, 3).exhausted);
}

// --- modules that are asked ---

namespace {

// A module that is idle, and says yes each time, or no the first time.
template <class P> body<P> voting(bool first_no) {
  return [first_no](world<P>& w) {
    auto no = std::make_shared<bool>(first_no);
    w.system.files[a_path].vote = [no, &w] { return !std::exchange(*no, false) || w.at_the_end; };
    hold_a(w);
  };
}

template <class P> void sweep_at_once(world<P>& w) {
  static_cast<void>(w.modules->sweep(tenure::duration{}));
}

// The host calls the module, which holds itself, and lets itself go when the host's own handle has gone.
template <class P> void hold_from_inside(world<P>& w) {
  if (tenure::module m = w.weak.lock()) {
    const tenure_host* const host = w.system.files[a_path].host;
    schedule::require(host->hold(host) == TENURE_YES, "a module that is held can hold itself");
    m.reset();
    w.system.use(a_path);
    host->drop(host);
    w.system.use(a_path); // its own code, until this thread has left it
  }
}

} // namespace

TEST_CASE_TEMPLATE("a vote is asked while others open, use and release", P, EVERY_POLICY) {
  survives<P>({drop_the_handle<P>, open_use_release<P>, lock_use_release<P>}, voting<P>(false));
}

TEST_CASE_TEMPLATE("sweeps ask while a final close asks", P, EVERY_POLICY, tenure::policy::periodic_sweep,
                   tenure::policy::distributed<>) {
  survives<P>({sweep_at_once<P>, [](world<P>& w) { static_cast<void>(w.modules->final_close()); },
               lock_use_release<P>},
              [](world<P>& w) {
                voting<P>(true)(w);
                drop_the_handle(w);
              });
}

TEST_CASE_TEMPLATE("a module's own code holds it while its last handle goes and it is asked", P,
                   EVERY_POLICY) {
  survives<P>({drop_the_handle<P>, hold_from_inside<P>, sweep_at_once<P>},
              [](world<P>& w) { voting<P>(false)(w); });
}

namespace {

// Long enough for another fiber to close it, if that one thinks that it may.
template <class P> void use_for_long(world<P>& w) {
  constexpr int steps = 30;
  for (int i = 0; i != steps; ++i) tenure_schedule_step();
  w.system.use(a_path);
}

template <class P> void open_use_for_long(world<P>& w) {
  const tenure::module m = w.modules->open(a_path);
  use_for_long(w);
}

} // namespace

TEST_CASE_TEMPLATE("an open is counted while a sweep sums up that nobody has the module", P,
                   tenure::policy::distributed<>) {
  survives<P>({sweep_at_once<P>, open_use_for_long<P>}, [](world<P>& w) {
    hold_a(w);
    drop_the_handle(w);
  });
}

TEST_CASE_TEMPLATE("a reference goes from thread to thread while a sweep sums up", P,
                   tenure::policy::distributed<>) {
  const body<P> take_over = [](world<P>& w) {
    while (!w.handle) tenure_schedule_yield(); // from the other fiber
    const tenure::module mine = w.handle;
    w.handle.reset();
    use_for_long(w);
  };
  const body<P> hand_over = [](world<P>& w) {
    tenure::module mine = w.modules->open(a_path);
    const tenure::module more = mine;
    mine.reset();
    w.handle = more;
  };
  survives<P>({sweep_at_once<P>, hand_over, take_over});
}
