// What policy::adaptive promises of its costs: on the simulator's traces, and on those that are made against
// it.
#include "simulator/fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <random>

using simulate::module_cost;
using simulate::opening;
using tenure::time_point;
using tenure::policy::adaptive;
using tenure_test::listed_trace;
using tenure_test::ratio;

namespace {

constexpr double price = 0.1; // milliseconds of loading for a MiB and second: adaptive's own
constexpr double good = 1.3;  // optima
constexpr double never_above = 2.1;

// Somebody who has the policy before them, and chooses each gap when they see what it has planned.
class adversary {
public:
  using choice = std::function<std::int64_t(std::int64_t keeps, std::int64_t break_even)>; // nanoseconds

  explicit adversary(std::uint32_t modules)
      : costs(simulate::draw_costs(modules, price, 5)) {
    for (const module_cost& c : costs)
      modules_.push_back(std::make_unique<simulate::played_module>(c, modules_.size()));
  }
  // Uses the module, and releases it at once.
  void use(std::uint32_t module, const choice& gap_of) {
    simulate::played_module& m = *modules_[module];
    const std::int64_t keeps = m.loaded ? (m.stamp - m.idle_since()).nanoseconds : 0;
    const double even = costs[module].load / costs[module].idle * 1e9;
    const std::int64_t wished = m.idle_since().nanoseconds + gap_of(keeps, static_cast<std::int64_t>(even));
    now_ = std::max(now_ + 1, wished);
    sweep();
    open(m);
    trace.push_back({now_, 1, module});
    ++now_;
    close_after_release(m);
  }
  [[nodiscard]] bool keeps(std::uint32_t module) const { return modules_[module]->loaded; }
  // The worst at any of some moments.
  [[nodiscard]] double worst() {
    double most = 0;
    for (std::size_t n = 1; n < trace.size(); n += n / 8 + 1) most = std::max(most, ratio_of_first(n));
    return std::max(most, ratio_of_first(trace.size()));
  }

  std::vector<module_cost> costs;
  std::vector<opening> trace;

private:
  [[nodiscard]] double ratio_of_first(std::size_t n) {
    listed_trace t(trace, n, static_cast<std::uint32_t>(costs.size()));
    return ratio<adaptive>(t, costs);
  }
  void sweep() {
    for (time_point due = mirror_.next_due(); due <= time_point(now_); due = mirror_.next_due()) {
      tenure::idle_list victims;
      mirror_.sweep({.now = due, .has_delay = false, .delay = {}}, victims);
      close(victims);
    }
  }
  void open(simulate::played_module& m) {
    if (m.loaded)
      mirror_.revived(m, time_point(now_));
    else
      m.load(time_point(now_));
    tenure::detail::idle_access::note_use(m);
  }
  void close_after_release(simulate::played_module& m) {
    sweep();
    tenure::detail::idle_access::note_idle(m, time_point(now_), ++uses_);
    tenure::idle_list victims;
    mirror_.idled(m, time_point(now_), victims);
    close(victims);
  }
  static void close(tenure::idle_list& victims) {
    while (!victims.empty()) static_cast<simulate::played_module&>(victims.pop_front()).loaded = false;
  }

  adaptive mirror_;
  std::vector<std::unique_ptr<simulate::played_module>> modules_;
  std::int64_t now_ = 1'000;
  std::uint64_t uses_ = 0;
};

std::int64_t part(std::int64_t break_even, double times) {
  return static_cast<std::int64_t>(static_cast<double>(break_even) * times);
}

} // namespace

TEST_CASE("adaptive costs at most 1.3 optima on each kind of trace that the simulator makes") {
  for (const char* const kind : simulate::trace_kinds)
    for (const std::uint64_t seed : {1, 2, 3}) {
      CAPTURE(kind);
      CAPTURE(seed);
      simulate::wish w;
      w.openings = 60'000;
      w.seed = seed;
      const auto t = simulate::make_trace(kind, w);
      const auto costs = simulate::draw_costs(t->modules(), price, seed);
      const double costs_optima = ratio<adaptive>(*t, costs);
      CHECK(costs_optima <= good);
      CHECK(costs_optima >= 1);
    }
}

TEST_CASE("adaptive costs at most 1.3 optima for more modules than it remembers") {
  simulate::wish w;
  w.openings = 60'000;
  w.modules = 3'000;
  for (const char* const kind : simulate::trace_kinds) {
    CAPTURE(kind);
    const auto t = simulate::make_trace(kind, w);
    CHECK(ratio<adaptive>(*t, simulate::draw_costs(w.modules, price, 1)) <= good);
  }
}

TEST_CASE("a module that never comes back in time is closed at its last release, once that is learned, and "
          "from then on") {
  adversary a(1);
  const auto use = [&a] { a.use(0, [](std::int64_t, std::int64_t even) { return part(even, 50); }); };
  int lessons = 0;
  for (use(); a.keeps(0) && lessons != 500; ++lessons) use();
  CHECK(lessons > 1);
  for (int i = 0; i != 100; ++i) {
    CHECK(!a.keeps(0));
    use();
  }
}

// Each of them for one module, for a few, and for more than are remembered.
#define AGAINST_ADAPTIVE(claim, name)                                                                        \
  static void name(adversary& a, std::uint32_t module, std::mt19937_64& random, int round);                  \
  TEST_CASE(claim) {                                                                                         \
    for (const std::uint32_t modules : {1U, 7U, 400U}) {                                                     \
      CAPTURE(modules);                                                                                      \
      adversary a(modules);                                                                                  \
      std::mt19937_64 random(modules);                                                                       \
      for (int i = 0; i != 8'000; ++i) name(a, static_cast<std::uint32_t>(random() % modules), random, i);   \
      const double worst = a.worst();                                                                        \
      CHECK(worst <= never_above);                                                                           \
      CHECK(worst > 1.05); /* it does harm */                                                                \
    }                                                                                                        \
  }                                                                                                          \
  static void name([[maybe_unused]] adversary& a, std::uint32_t module,                                      \
                   [[maybe_unused]] std::mt19937_64& random, [[maybe_unused]] int round)

AGAINST_ADAPTIVE("never more than 2.1 optima: each module is used again as soon as it is closed",
                 just_closed) {
  a.use(module, [](std::int64_t keeps, std::int64_t) { return keeps + 1; });
}

AGAINST_ADAPTIVE("never more than 2.1 optima: at once if it was closed, else long after it is",
                 worst_of_both) {
  a.use(module, [](std::int64_t keeps, std::int64_t even) { return keeps < even ? keeps + 1 : keeps * 20; });
}

AGAINST_ADAPTIVE("never more than 2.1 optima: it is taught that modules come back, and they do not",
                 lured_to_keep) {
  const bool lesson = round % 500 < 350;
  a.use(module, [=](std::int64_t keeps, std::int64_t even) {
    return lesson ? part(even, 0.9) : std::max(keeps, even) + 1;
  });
}

AGAINST_ADAPTIVE("never more than 2.1 optima: it is taught that modules stay away, and they come back",
                 lured_to_close) {
  const bool lesson = round % 500 < 350;
  a.use(module, [=](std::int64_t, std::int64_t even) { return lesson ? part(even, 40) : 1; });
}

AGAINST_ADAPTIVE("never more than 2.1 optima: lessons that grow with what has been saved", growing_lessons) {
  const bool lesson = (static_cast<unsigned>(std::log2(round + 1)) & 1U) == 0;
  a.use(module, [=](std::int64_t keeps, std::int64_t even) {
    return lesson ? part(even, 0.2) : std::max(keeps, even / 300) + 1;
  });
}

AGAINST_ADAPTIVE("never more than 2.1 optima: gaps of no order at all", gaps_without_order) {
  const double octave = std::uniform_real_distribution<double>(-10, 6)(random);
  a.use(module, [=](std::int64_t, std::int64_t even) { return part(even, std::exp2(octave)); });
}
