#include "trace.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace session {
namespace {

// The session's habits. Times are in ticks and means of geometric distributions.
constexpr double zipf_exponent = 1.0;
constexpr double mean_burst = 40, mean_pause = 30, mean_hold = 10;
constexpr double open_chance = 0.9;  // in each tick of a burst
constexpr double call_chance = 0.25; // for each handle in each tick
constexpr double stray_chance = 0.2; // that an open is not about the burst's own plug-ins
constexpr std::uint64_t smallest_task = 2, largest_task = 6; // plug-ins of a burst
constexpr std::uint16_t slots_per_thread = 12;

// The standard's engines are the same everywhere, its distributions are not: these are ours.
class dice {
public:
  explicit dice(std::uint64_t seed)
      : engine_(seed) {}
  double fraction() { return static_cast<double>(engine_() >> 11) * 0x1p-53; } // [0, 1)
  bool happens(double chance) { return fraction() < chance; }
  std::uint64_t below(std::uint64_t n) { return engine_() % n; } // n is small: the bias is below 1e-15
  std::uint32_t geometric(double mean) {
    return 1 + static_cast<std::uint32_t>(std::log(1 - fraction()) / std::log(1 - 1 / mean));
  }

private:
  std::mt19937_64 engine_;
};

// Plug-ins by popularity: the n-th is opened a n-th as often as the first.
class zipf {
public:
  zipf(std::size_t n, std::uint64_t seed)
      : order_(n)
      , sums_(n) {
    std::iota(order_.begin(), order_.end(), 0U);
    dice d(seed);
    for (std::size_t i = n; i > 1; --i) std::swap(order_[i - 1], order_[d.below(i)]);
    double sum = 0;
    for (std::size_t i = 0; i != n; ++i)
      sums_[i] = sum += 1 / std::pow(static_cast<double>(i + 1), zipf_exponent);
  }
  [[nodiscard]] std::uint32_t pick(dice& d) const {
    const auto at = std::upper_bound(sums_.begin(), sums_.end() - 1, d.fraction() * sums_.back());
    return order_[static_cast<std::size_t>(at - sums_.begin())];
  }

private:
  std::vector<std::uint32_t> order_; // most popular first
  std::vector<double> sums_;
};

// One thread of the session.
class actor {
public:
  actor(const zipf& popularity, std::uint64_t seed, std::uint32_t last_tick)
      : popularity_(popularity)
      , dice_(seed)
      , last_tick_(last_tick)
      , held_(slots_per_thread) {}

  std::vector<step> act() {
    for (std::uint32_t tick = 0; tick <= last_tick_; ++tick) {
      use_held(tick);
      if (tick < last_tick_) work_or_rest(tick);
    }
    return std::move(steps_);
  }

private:
  struct hold {
    bool taken = false;
    std::uint32_t plugin = 0, until = 0;
  };

  void note(std::uint32_t tick, std::uint16_t slot, action what) {
    steps_.push_back({tick, held_[slot].plugin, slot, what});
  }
  void use_held(std::uint32_t tick) {
    for (std::uint16_t slot = 0; slot != held_.size(); ++slot) {
      hold& h = held_[slot];
      if (!h.taken) continue;
      const bool over = h.until <= tick;
      if (over || dice_.happens(call_chance)) note(tick, slot, over ? action::release : action::call);
      h.taken = !over;
    }
  }
  void work_or_rest(std::uint32_t tick) {
    if (tick >= phase_end_) change_phase(tick);
    if (working_ && dice_.happens(open_chance)) open_one(tick);
  }
  void change_phase(std::uint32_t tick) {
    working_ = !working_;
    phase_end_ = tick + dice_.geometric(working_ ? mean_burst : mean_pause);
    if (!working_) return;
    task_.resize(smallest_task + dice_.below(largest_task - smallest_task + 1));
    for (std::uint32_t& plugin : task_) plugin = popularity_.pick(dice_);
  }
  void open_one(std::uint32_t tick) {
    const auto free = std::find_if(held_.begin(), held_.end(), [](const hold& h) { return !h.taken; });
    if (free == held_.end()) return;
    free->taken = true;
    free->plugin = dice_.happens(stray_chance) ? popularity_.pick(dice_) : task_[dice_.below(task_.size())];
    free->until = std::min(tick + dice_.geometric(mean_hold), last_tick_);
    note(tick, static_cast<std::uint16_t>(free - held_.begin()), action::open);
  }

  const zipf& popularity_;
  dice dice_;
  std::uint32_t last_tick_;
  std::vector<hold> held_;
  std::vector<step> steps_;
  std::vector<std::uint32_t> task_;
  std::uint32_t phase_end_ = 0;
  bool working_ = false;
};

void sum_up(trace& t, std::size_t plugins) {
  t.opens.assign(plugins, 0);
  std::vector<std::uint64_t> digests;
  for (const auto& steps : t.threads) {
    std::uint64_t digest = 0;
    for (const step& s : steps) {
      digest = digest_of(digest, s);
      if (s.what == action::open) ++t.opens[s.plugin];
    }
    digests.push_back(digest);
  }
  t.digest = combine(digests);
}

std::uint64_t mix(std::uint64_t before, std::uint64_t value) noexcept {
  return (before ^ value) * 0x9e3779b97f4a7c15U + (before >> 29); // the golden ratio's odd multiplier
}

} // namespace

std::uint64_t trace::count(action what) const noexcept {
  std::uint64_t n = 0;
  for (const auto& steps : threads)
    n += static_cast<std::uint64_t>(
        std::count_if(steps.begin(), steps.end(), [&](const step& s) { return s.what == what; }));
  return n;
}

trace make_trace(const trace_wish& wish) {
  trace t;
  t.ticks = wish.seconds * ticks_per_second;
  t.slots = slots_per_thread;
  const zipf popularity(wish.plugins, wish.seed);
  for (unsigned i = 0; i != wish.threads; ++i)
    t.threads.push_back(actor(popularity, mix(wish.seed, i + 1), t.ticks * 9 / 10).act());
  sum_up(t, wish.plugins);
  return t;
}

std::uint64_t digest_of(std::uint64_t before, const step& s) noexcept {
  return mix(mix(mix(mix(before, s.tick), s.plugin), s.slot), static_cast<std::uint64_t>(s.what) + 1);
}

std::uint64_t combine(const std::vector<std::uint64_t>& digests) noexcept {
  std::uint64_t all = 0;
  for (const std::uint64_t d : digests) all = mix(all, d);
  return all;
}

std::vector<std::uint32_t> most_popular(const trace& t, std::size_t n) {
  std::vector<std::uint32_t> order(t.opens.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return t.opens[a] > t.opens[b]; });
  const auto never_opened = [&](auto i) { return t.opens[i] == 0; };
  order.erase(std::find_if(order.begin(), order.end(), never_opened), order.end());
  order.resize(std::min(n, order.size()));
  return order;
}

} // namespace session
