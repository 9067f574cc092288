// The thread that sweeps. No test waits for time to pass: each waits for what the sweeper does.
#include "support/closed.hpp"
#include "support/hook.hpp"
#include "support/scratch.hpp"
#include "support/until.hpp"

#include <tenure/sweeper.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <type_traits>

using tenure_test::is_loaded;
using tenure_test::scratch;

static_assert(!std::is_copy_constructible_v<tenure::sweeper>);
static_assert(std::is_nothrow_move_constructible_v<tenure::sweeper>);

namespace {

constexpr tenure::duration often = tenure::microseconds(100);

using sweeping = tenure::manager<tenure::policy::periodic_sweep>;

sweeping without_delay() { return sweeping(tenure::policy::periodic_sweep(tenure::duration(0))); }

} // namespace

TEST_CASE("a sweeper closes what is due") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  sweeping modules = without_delay();
  tenure::sweeper sweeper(modules, often);
  static_cast<void>(modules.open(file));
  CHECK(tenure_test::eventually([&] { return modules.stats().closes == 1; }));
  sweeper.stop(); // the sweep under way has ended
  CHECK(!is_loaded(modules, file));
}

TEST_CASE("a sweeper that was stopped, or moved and stopped, sweeps no more") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  sweeping modules = without_delay();
  tenure::sweeper first(modules, often);
  tenure::sweeper second = std::move(first);
  first.stop(); // NOLINT(bugprone-use-after-move): empty
  second.stop();
  second.stop();
  static_cast<void>(modules.open(file));
  CHECK(modules.stats().closes == 0);
  CHECK(is_loaded(modules, file));
}

TEST_CASE("a sweeper whose round is for ever never sweeps") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  const tenure::duration lengths[] = {tenure::never, std::chrono::hours::max()};
  for (int i = 0; i != 100; ++i) {
    sweeping modules = without_delay();
    tenure::sweeper sweeper(modules, lengths[i % 2]);
    static_cast<void>(modules.open(file));
    sweeper.stop();
    CHECK(is_loaded(modules, file));
  }
}

// The sweep is held up in a finaliser, which no close runs where the loader never unmaps.
TEST_CASE("stop waits for a sweep under way" * doctest::skip(!tenure_test::loader_unmaps())) {
  tenure_test::signal entered, stopping, go;
  std::atomic<bool> finished{false};
  const tenure_test::hook hook{[&](const std::string&, module_event what) {
    if (what != module_event::finalised) return;
    entered.set();
    CHECK(go.wait());
    finished = true;
  }};
  const scratch folder;
  const std::string file = folder.copy("hooked_a");
  sweeping modules = without_delay();
  tenure_test::signal running; // on Windows no thread begins or ends while a finaliser runs
  std::thread helper([&] {
    running.set();
    CHECK(stopping.wait());
    go.set();
  });
  CHECK(running.wait());
  tenure::sweeper sweeper(modules, often);
  static_cast<void>(modules.open(file));
  CHECK(entered.wait());
  stopping.set();
  sweeper.stop();
  CHECK(finished);
  helper.join();
}

TEST_CASE("a sweeper may outlive its manager") {
  for (int round = 0; round != 50; ++round) {
    const scratch folder;
    const std::string file = folder.copy("basic");
    tenure_test::signal swept;
    tenure::manager_options options;
    options.clock.context = &swept;
    options.clock.now = [](void* context) noexcept {
      static_cast<tenure_test::signal*>(context)->set();
      return tenure::time_point{};
    };
    auto modules = std::make_unique<sweeping>(options);
    tenure::sweeper sweeper(*modules, tenure::duration(1));
    CHECK(swept.wait());
    tenure::module held = modules->open(file);
    modules.reset();
    CHECK(held.symbol<int()>("answer")() == 42);
    held.reset();
    CHECK(tenure_test::is_gone(file));
  }
}

TEST_CASE("several sweepers and the application may sweep one manager at once") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  sweeping modules = without_delay();
  {
    const tenure::sweeper one(modules, often);
    const tenure::sweeper other(modules, often);
    for (int i = 0; i != 300; ++i) {
      CHECK(modules.open(file).symbol<int()>("answer")() == 42);
      static_cast<void>(modules.sweep());
    }
  }
  static_cast<void>(modules.final_close());
  CHECK(!is_loaded(modules, file));
  CHECK(modules.stats().loads == modules.stats().closes);
}
