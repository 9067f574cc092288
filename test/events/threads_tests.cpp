// Events while several threads use a manager.
#include "events/listener.hpp"
#include "support/closed.hpp"
#include "support/emulated.hpp"
#include "support/sanitizers.hpp"
#include "support/scratch.hpp"
#include "support/until.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using kind = tenure::event_kind;
using tenure_test::grammar;
using tenure_test::listener;
using tenure_test::scratch;

namespace {

constexpr int rounds = tenure_test::thread_sanitizer || tenure_test::threads_are_slow ? 300 : 2'000;

// Four threads open, revive, release and sweep three modules.
template <class Manager> void use_by_many(Manager& modules, const std::vector<std::string>& files) {
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t != 4; ++t)
    threads.emplace_back([&, t] {
      tenure::weak_module weak;
      for (int i = 0; i != rounds; ++i) {
        const std::string& file = files[(t + static_cast<std::size_t>(i)) % files.size()];
        tenure::module m = i % 3 == 0 ? weak.lock() : modules.open(file);
        weak = m;
        m.reset();
        if (i % 50 == 49) static_cast<void>(modules.sweep(tenure::duration{}));
      }
    });
  for (std::thread& t : threads) t.join();
}

} // namespace

TEST_CASE_TEMPLATE(
    "each module's events come in an order that makes sense, one at a time, whatever threads do", P,
    tenure::policy::immediate, tenure::policy::deferred_one, tenure::policy::keep_warm<2>,
    tenure::policy::periodic_sweep, tenure::policy::final_close) {
  const scratch folder;
  listener told;
  tenure::manager<P> modules;
  modules.observe(told);
  use_by_many(modules, {folder.copy("basic"), folder.copy("second"), folder.copy("third")});
  static_cast<void>(modules.final_close());
  modules.stop_observing();
  grammar rules;
  CHECK(rules.judge(told.all) == "");
  CHECK((rules.all_over() || !tenure_test::loader_unmaps()));
  CHECK(rules.lives() == modules.stats().loads);
  CHECK(told.count(kind::loaded) == modules.stats().loads);
  CHECK(told.count(kind::closed) + told.count(kind::lingering) == modules.stats().closes);
  CHECK(!told.overlapped());
  CHECK(modules.stats().events == told.all.size());
  CHECK(modules.stats().events_lost == 0);
}

TEST_CASE("observers come and go while others open and close") {
  const scratch folder;
  const std::vector<std::string> files{folder.copy("basic"), folder.copy("second")};
  tenure::manager<tenure::policy::deferred_one> modules;
  std::atomic<bool> stop{false};
  std::thread user([&] {
    while (!stop) use_by_many(modules, files);
  });
  for (int i = 0; i != 100; ++i) {
    listener told; // its end, while events come, is the test
    const std::uint64_t before = modules.stats().events;
    modules.observe(told);
    CHECK(tenure_test::eventually([&] { return modules.stats().events >= before + 20; }));
    modules.stop_observing();
    REQUIRE(!told.all.empty());
    for (std::size_t n = 1; n < told.all.size(); ++n)
      CHECK(told.all[n].what.number == told.all[n - 1].what.number + 1);
    CHECK(told.all.front().what.number == before + 1);
    CHECK(!told.overlapped());
  }
  stop = true;
  user.join();
  CHECK(modules.final_close().count(tenure::unload_outcome::busy) == 0);
}

TEST_CASE("while the observer is busy other threads go on, and it is told afterwards what they did") {
  const scratch folder;
  const std::string a = folder.copy("basic"), b = folder.copy("second");
  tenure_test::signal busy, done;
  listener told;
  tenure::manager<tenure::policy::immediate> modules;
  told.then = [&](const tenure::event& e) {
    if (e.kind != kind::opened || e.path != a) return;
    busy.set();
    CHECK(done.wait());
  };
  modules.observe(told);
  std::thread first([&] { static_cast<void>(modules.open(a)); });
  REQUIRE(busy.wait());
  CHECK(modules.open(b).symbol<int()>("answer")() == 42); // loads, calls and closes
  CHECK(told.story(b).empty());
  done.set();
  first.join();
  CHECK(told.count(kind::idled) == 2);
  CHECK(grammar().judge(told.all) == "");
}

TEST_CASE("an observer that hangs costs no end of memory: what finds no room is counted, and said") {
  const scratch folder;
  const std::string a = folder.copy("basic"), b = folder.copy("second");
  constexpr std::uint64_t most = 65'536; // event_desk::most_rooms times event_room::size
  tenure_test::signal busy, done;
  listener told;
  tenure::manager<tenure::policy::final_close> modules;
  const tenure::weak_module weak = modules.open(b);
  told.then = [&](const tenure::event&) {
    busy.set();
    CHECK(done.wait());
  };
  modules.observe(told);
  std::thread first([&] { static_cast<void>(modules.open(a)); });
  REQUIRE(busy.wait());
  while (modules.stats().events < most + 1'000) static_cast<void>(weak.lock());
  const tenure::manager_stats at_worst = modules.stats();
  CHECK(at_worst.events_lost > 0);
  CHECK(at_worst.events - at_worst.events_lost <= most);
  done.set();
  first.join();
  static_cast<void>(weak.lock());
  CHECK(told.all.size() + modules.stats().events_lost == modules.stats().events);
  std::uint64_t lost = 0;
  for (const tenure_test::heard& h : told.all) lost += h.what.lost;
  CHECK(lost == modules.stats().events_lost);
}
