// distributed: counts that threads keep for themselves, and that a sweep sums up.
#include "policies/fixture.hpp"
#include "stripes.hpp"
#include "support/emulated.hpp"
#include "support/virtual_clock.hpp"

#include <tenure/policies/distributed.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <ostream>
#include <thread>
#include <vector>

using tenure::minutes;
using tenure::seconds;
using tenure_test::outcome_of;
using striped = tenure::policy::distributed<>;

namespace {

using tenure_test::closed;
constexpr tenure::duration at_once{};

using striped_modules = tenure_test::fixture<striped>;

std::uint32_t references(const striped_modules& f) {
  return tenure_test::entry_of(f.modules.report(), f.a)->references;
}

// What has become of f.a after a sweep.
std::string after_sweep(striped_modules& f, const tenure::duration* delay = nullptr) {
  const tenure::unload_report swept = delay != nullptr ? f.modules.sweep(*delay) : f.modules.sweep();
  const std::string told = outcome_of(swept, f.a);
  return told != closed ? outcome_of(f.modules.report(), f.a) : told;
}

// Runs `body(i)` on as many threads.
template <class Body> void on_threads(int n, Body&& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i != n; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& t : threads) t.join();
}

} // namespace

TEST_CASE("a release is seen by the next sweep, which finds the module idle and stamps it") {
  tenure_test::virtual_clock clock;
  striped_modules f(striped(seconds(10)), clock.options());
  f.open_and_release(f.a);
  CHECK(references(f) == 0);
  clock.advance(minutes(60));
  CHECK(after_sweep(f) == "idle"); // its delay begins here
  clock.advance(seconds(9));
  CHECK(after_sweep(f) == "idle");
  clock.advance(seconds(1));
  CHECK(after_sweep(f) == closed);
}

TEST_CASE("a use between two sweeps clears the stamp") {
  tenure_test::virtual_clock clock;
  striped_modules f(striped(seconds(10)), clock.options());
  f.open_and_release(f.a);
  static_cast<void>(f.modules.sweep());
  clock.advance(seconds(9));
  f.open_and_release(f.a);
  clock.advance(seconds(9));
  CHECK(after_sweep(f) == "idle"); // found idle anew: stamped anew
  clock.advance(seconds(9));
  CHECK(after_sweep(f) == "idle");
  clock.advance(seconds(1));
  CHECK(after_sweep(f) == closed);
  CHECK(f.modules.stats().revives == 1);
}

TEST_CASE("as long as there is a reference, wherever it was made and moved, no sweep closes the module") {
  striped_modules f;
  constexpr int threads = 8;
  std::vector<tenure::module> kept(threads);
  {
    const tenure::module first = f.modules.open(f.a);
    on_threads(threads, [&](int i) {
      for (int n = 0; n != 1000; ++n) kept[static_cast<std::size_t>(i)] = first; // made there, dropped there
    });
  }
  CHECK(references(f) == threads);
  on_threads(threads, [&](int i) { // dropped by others than made them
    if (i != 0) kept[static_cast<std::size_t>(i)].reset();
  });
  CHECK(references(f) == 1);
  CHECK(after_sweep(f, &at_once) == "busy");
  CHECK(kept[0].symbol<int()>("answer")() == 42);
  kept[0].reset();
  CHECK(after_sweep(f, &at_once) == closed);
}

TEST_CASE("a weak handle, too, counts in the memory of its thread") {
  striped_modules f;
  tenure::module held = f.modules.open(f.a), kept;
  const tenure::weak_module weak = held;
  const tenure::detail::record& r = *tenure::detail::handle_access::record_of(held);
  const tenure::detail::word before = r.refs;
  std::atomic<int> locked{0};
  on_threads(4, [&](int i) {
    for (int n = 0; n != 1000; ++n) locked += weak.lock() == held;
    if (i == 0) kept = weak.lock();
  });
  CHECK(locked == 4000);
  if (r.stripe != 0) CHECK(r.refs == before); // else this system has no such counts
  CHECK(references(f) == 2);
  held.reset();
  CHECK(after_sweep(f, &at_once) == "busy");
  kept.reset();
  CHECK(after_sweep(f, &at_once) == closed);
  CHECK(!weak.lock());
}

TEST_CASE("a load that fails leaves nothing, whoever asks for the module that the record had before") {
  striped_modules f;
  tenure::weak_module weak;
  {
    const tenure::module gone = f.modules.open(f.a);
    weak = gone;
  }
  CHECK(after_sweep(f, &at_once) == closed);
  const std::string broken = f.folder.write("broken.so", "no module");
  std::atomic<bool> stop{false};
  std::atomic<int> got{0};
  std::thread asks([&] {
    while (!stop) got += static_cast<bool>(weak.lock());
  });
  std::uint64_t left = 0;
  const std::uint64_t before = f.modules.stats().resident; // what lingers where nothing is ever unmapped
  for (int i = 0; i != 500; ++i) {
    tenure::failure why;
    CHECK_FALSE(f.modules.open(broken, why));
    left += f.modules.stats().resident != before;
  }
  stop = true;
  asks.join();
  CHECK(got == 0);
  CHECK(left == 0);
}

TEST_CASE("thousands of threads that come and go leave their counts, and no memory grows with them") {
  striped_modules f;
  const tenure::module first = f.modules.open(f.a);
  std::vector<tenure::module> kept;
  for (int i = 0; i != 2000; ++i)
    std::thread([&] {
      kept.push_back(first);
      if (i % 2 != 0) kept.pop_back();
    }).join();
  CHECK(references(f) == 1001);
  kept.clear();
  CHECK(references(f) == 1);
}

TEST_CASE("a handle that outlives its manager keeps the module, until another such manager ends after it") {
  const tenure_test::scratch folder;
  const std::string a = folder.copy("basic");
  tenure::module left;
  {
    tenure::manager<striped> modules;
    left = modules.open(a);
  }
  CHECK(left.symbol<int()>("answer")() == 42);
  { const tenure::manager<striped> next; }
  CHECK(tenure_test::is_mapped(a));
  left.reset();
  { const tenure::manager<striped> next; }
  CHECK(tenure_test::is_mapped(a) == !tenure_test::loader_unmaps());
}

TEST_CASE("records that are used again begin with no reference") {
  striped_modules f;
  for (int i = 0; i != 100; ++i) {
    const tenure::module m = f.modules.open(f.a);
    const tenure::module copy = m;
    CHECK(references(f) == 2);
    static_cast<void>(f.modules.sweep(at_once));
    CHECK(f.loaded(f.a));
    if (i % 3 == 0) continue;
    const_cast<tenure::module&>(m).reset();
    const_cast<tenure::module&>(copy).reset();
    CHECK(after_sweep(f, &at_once) == closed);
  }
}

TEST_CASE("who sleeps until the next sweep wakes up to look at counts, too" *
          doctest::skip(!tenure::detail::stripes_are_ready())) {
  tenure_test::virtual_clock clock;
  striped_modules f(striped(seconds(10)), clock.options());
  CHECK(f.modules.next_due() == tenure::never);
  const tenure::module m = f.modules.open(f.a);
  static_cast<void>(f.modules.sweep());
  CHECK(f.modules.next_due() == f.modules.now() + seconds(1));
}

TEST_CASE("opens race with sweeps that close at once: what was opened is there") {
  striped_modules f;
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  constexpr int opens = tenure_test::threads_are_slow ? 400 : 4000;
  std::thread sweeper([&] {
    while (!stop.load()) static_cast<void>(f.modules.sweep(at_once));
  });
  on_threads(2, [&](int) {
    for (int i = 0; i != opens; ++i) {
      const tenure::module m = f.modules.open(f.a);
      const tenure::module copy = m;
      if (copy.symbol<int()>("answer")() != 42) ++wrong;
    }
  });
  stop = true;
  sweeper.join();
  CHECK(wrong == 0);
  CHECK(after_sweep(f, &at_once) != "busy");
}
