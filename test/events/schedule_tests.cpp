// Every interleaving of what lib/events.cpp says: noted in the order in which it happens, told one at a time,
// by whichever thread gets to it, none lost, and the observer's end waits for its last call.
#include "events/listener.hpp"
#include "schedules/fake_system.hpp"
#include "schedules/wanted.hpp"
#include "support/scheduler.hpp"
#include "sync.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <vector>

namespace schedule = tenure_test::schedule;
using tenure_test::fake_system;
using tenure_test::grammar;
using tenure_test::listener;
using tenure_test::wanted;

namespace {

constexpr const char* a_path = "/a";
constexpr const char* b_path = "/b";

template <class Policy> struct world {
  fake_system system;
  listener told;
  std::unique_ptr<tenure::manager<Policy>> modules;
  tenure::module handle;
  tenure::weak_module weak;
  bool observed_from_the_beginning = true;

  world() {
    system.add(a_path);
    system.add(b_path);
    told.all.reserve(64);
    tenure::manager_options options;
    options.check = tenure::file_check::none;
    modules = std::make_unique<tenure::manager<Policy>>(options);
  }
  void end() {
    system.all_ended = true;
    handle.reset();
    weak = {};
    schedule::require(modules->final_close().all_gone(), "the final close leaves nothing");
    modules->stop_observing();
    const tenure::manager_stats stats = modules->stats();
    modules.reset();
    schedule::require(!told.overlapped(), "one call at a time");
    if (!observed_from_the_beginning) return;
    grammar rules;
    const std::string complaint = rules.judge(told.all);
    schedule::require(complaint.empty(), complaint.c_str());
    schedule::require(rules.all_over(), ("each life that began has ended: " + told.lives()).c_str());
    schedule::require(told.all.size() == stats.events && stats.events_lost == 0,
                      "all that was noted is told");
    schedule::require(rules.lives() == stats.loads, "each load is told");
  }
};

template <class Policy> using body = std::function<void(world<Policy>&)>;

template <class Policy> void survives(std::vector<body<Policy>> bodies, body<Policy> prepare) {
  const auto make = [&] {
    auto w = std::make_shared<world<Policy>>();
    prepare(*w);
    schedule::test_case made;
    for (const auto& b : bodies) made.fibers.push_back([w, b] { b(*w); });
    made.check = [w] { w->end(); };
    return made;
  };
  for (const schedule::strategy how : {schedule::strategy::random_walk, schedule::strategy::pct}) {
    schedule::options options;
    options.how = how;
    options.distinct = wanted() / 2;
    options.schedules = options.distinct * 10;
    const schedule::result ran = schedule::explore(options, make);
    CAPTURE(ran.describe());
    CHECK(ran.passed());
    CHECK(ran.distinct > 100);
  }
}

template <class P> void observe(world<P>& w) { w.modules->observe(w.told); }

template <class P> void hold_a(world<P>& w) {
  observe(w);
  w.handle = w.modules->open(a_path);
  w.weak = w.handle;
}

template <class P> void open_release(world<P>& w) {
  const tenure::module m = w.modules->open(a_path);
  w.system.use(a_path);
}
template <class P> void lock_release(world<P>& w) {
  if (const tenure::module m = w.weak.lock()) w.system.use(a_path);
}
template <class P> void drop_the_handle(world<P>& w) { w.handle.reset(); }

} // namespace

#define SOME_POLICIES tenure::policy::immediate, tenure::policy::deferred<1>, tenure::policy::keep_warm<1>

TEST_CASE_TEMPLATE("last releases, revives and loads are told in the order in which they happened", P,
                   SOME_POLICIES) {
  survives<P>({drop_the_handle<P>, lock_release<P>, open_release<P>}, hold_a<P>);
}

TEST_CASE_TEMPLATE("an observer that opens and closes is told of that, too", P, SOME_POLICIES) {
  survives<P>({drop_the_handle<P>, open_release<P>}, [](world<P>& w) {
    w.told.then = [&w](const tenure::event& e) {
      if (e.kind == tenure::event_kind::idled && w.told.all.size() < 10)
        static_cast<void>(w.modules->open(b_path));
    };
    hold_a(w);
  });
}

TEST_CASE_TEMPLATE("what is noted in an initialiser is told when the loader has been left", P,
                   SOME_POLICIES) {
  survives<P>({open_release<P>, [](world<P>& w) { static_cast<void>(w.modules->open(b_path)); }},
              [](world<P>& w) {
                w.system.files[a_path].initialiser = [&w] {
                  tenure::failure refused;
                  static_cast<void>(w.modules->open(b_path, refused));
                };
                w.told.then = [](const tenure::event&) {
                  schedule::require(tenure::sync::this_thread().inside_loader == 0,
                                    "nobody is told inside the loader");
                };
                observe(w);
              });
}

TEST_CASE_TEMPLATE("an observer that comes and goes meanwhile is told whole lives from then on, and nothing "
                   "when it has gone",
                   P, SOME_POLICIES) {
  const body<P> watch = [](world<P>& w) {
    auto told = std::make_unique<listener>();
    told->all.reserve(64);
    w.modules->observe(*told);
    w.modules->stop_observing();
    schedule::require(!told->overlapped(), "one call at a time");
    for (std::size_t i = 1; i < told->all.size(); ++i)
      schedule::require(told->all[i].what.number > told->all[i - 1].what.number, "in order");
    told->then = [](const tenure::event&) { schedule::require(false, "told after its end"); };
    told.reset();
  };
  survives<P>({drop_the_handle<P>, lock_release<P>, watch}, [](world<P>& w) {
    w.observed_from_the_beginning = false;
    w.handle = w.modules->open(a_path);
    w.weak = w.handle;
  });
}
