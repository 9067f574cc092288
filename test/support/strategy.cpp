#include "support/strategy.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tenure_test::schedule {

namespace {

/// SplitMix64 (Steele, Lea, Flood 2014): one addition per number, good from any seed, the same on every
/// platform, which <random>'s distributions are not.
class generator {
public:
  explicit generator(std::uint64_t seed)
      : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t mixed = state_ += 0x9E3779B97F4A7C15U;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31U);
  }

  /// Biased by less than bound / 2^32, which no schedule notices.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32U) * bound) >> 32U);
  }

  unsigned one_of(fiber_mask some) {
    for (std::uint32_t skip = below(static_cast<std::uint32_t>(std::popcount(some))); skip > 0; --skip)
      some &= some - 1;
    return lowest(some);
  }

private:
  std::uint64_t state_;
};

/// Own numbers for every schedule, so that one does not depend on how many were drawn in those before.
generator seeded(std::uint64_t seed, std::size_t schedule) {
  return generator(generator(seed ^ (std::uint64_t{schedule} << 20U)).next() + schedule);
}

/// The next one after the current in a circle: two fibers that yield to each other cannot starve a third.
unsigned after(unsigned current, fiber_mask ready) {
  const fiber_mask above = ready & ~(only(current) | (only(current) - 1));
  return lowest(above != 0 ? above : ready);
}

/// What costs no preemption and makes every fiber progress.
unsigned unforced(const choice_point& here) {
  return here.why == reason::goes_on ? here.current : after(here.current, here.ready);
}

class random_walk final : public chooser {
public:
  explicit random_walk(const options& chosen)
      : seed_(chosen.seed)
      , spurious_per_mille_(chosen.spurious_per_mille) {}

  void begin(std::size_t schedule, unsigned, std::size_t) override { random_ = seeded(seed_, schedule); }

  unsigned pick(const choice_point& here) override {
    const bool wake = here.spurious != 0 && random_.below(1000) < spurious_per_mille_;
    return random_.one_of(wake ? here.spurious : here.ready);
  }

private:
  std::uint64_t seed_;
  unsigned spurious_per_mille_;
  generator random_{0};
};

class pct final : public chooser {
public:
  explicit pct(const options& chosen)
      : seed_(chosen.seed)
      , spurious_per_mille_(chosen.spurious_per_mille)
      , changes_(std::max(chosen.pct_depth, 1U) - 1) {}

  void begin(std::size_t schedule, unsigned fibers, std::size_t longest) override {
    random_ = seeded(seed_, schedule);
    bottom_ = 0;
    next_change_ = 0;
    draw_priorities(fibers);
    draw_changes(longest);
  }

  unsigned pick(const choice_point& here) override {
    for (; next_change_ < changes_.size() && changes_[next_change_] <= here.step; ++next_change_)
      yielded(here.current);
    if (here.spurious != 0 && random_.below(1000) < spurious_per_mille_) return random_.one_of(here.spurious);
    return highest(here.ready);
  }

  void yielded(unsigned fiber) override { priority_[fiber] = --bottom_; }

private:
  /// A schedule's length is not known before it ran; this only has to cover the first one.
  static constexpr std::uint32_t first_guess_steps = 64;

  void draw_priorities(unsigned fibers) {
    for (unsigned fiber = 0; fiber < fibers; ++fiber) {
      priority_[fiber] = static_cast<std::int64_t>(fiber) + 1;
      std::swap(priority_[fiber], priority_[random_.below(fiber + 1)]);
    }
  }

  void draw_changes(std::size_t longest) {
    const auto steps = longest == 0 ? first_guess_steps : static_cast<std::uint32_t>(longest);
    for (std::size_t& change : changes_) change = random_.below(steps) + 1;
    std::sort(changes_.begin(), changes_.end());
  }

  [[nodiscard]] unsigned highest(fiber_mask ready) const {
    unsigned best = lowest(ready);
    for (fiber_mask rest = ready; rest != 0; rest &= rest - 1)
      if (priority_[lowest(rest)] > priority_[best]) best = lowest(rest);
    return best;
  }

  std::uint64_t seed_;
  unsigned spurious_per_mille_;
  generator random_{0};
  std::array<std::int64_t, most_fibers> priority_ = {};
  std::int64_t bottom_ = 0; ///< the lowest priority given so far
  std::vector<std::size_t> changes_;
  std::size_t next_change_ = 0;
};

/// Depth first: repeats the path up to the deepest point with an untried answer, takes that, then goes
/// unforced.
class exhaustive final : public chooser {
public:
  explicit exhaustive(const options& chosen)
      : bound_(chosen.preemption_bound) {}

  void begin(std::size_t, unsigned, std::size_t) override { depth_ = spent_ = 0; }

  unsigned pick(const choice_point& here) override {
    if (depth_ == path_.size()) path_.push_back({untried(here), unforced(here)});
    const unsigned taken = path_[depth_++].taken;
    if (is_preemption(here, taken)) ++spent_;
    return taken;
  }

  bool advance() override {
    while (!path_.empty() && path_.back().untried == 0) path_.pop_back();
    if (path_.empty()) return false;
    node& last = path_.back();
    last.taken = lowest(last.untried);
    last.untried &= ~only(last.taken);
    return true;
  }

private:
  struct node {
    fiber_mask untried;
    unsigned taken;
  };

  /// A yield's other answers cost one too: two waiting loops would pass to each other without end otherwise.
  /// So does a wake-up without a notification.
  static bool is_preemption(const choice_point& here, unsigned taken) {
    if (taken == unforced(here)) return false;
    return here.why != reason::stopped || (here.ready & only(taken)) == 0;
  }

  [[nodiscard]] fiber_mask untried(const choice_point& here) const {
    fiber_mask open = 0;
    if (spent_ < bound_)
      open = here.ready | here.spurious;
    else if (here.why == reason::stopped)
      open = here.ready;
    return open & ~only(unforced(here));
  }

  unsigned bound_;
  unsigned spent_ = 0;
  std::size_t depth_ = 0;
  std::vector<node> path_;
};

class replay final : public chooser {
public:
  explicit replay(const options& chosen)
      : list_(chosen.replay) {}

  void begin(std::size_t, unsigned, std::size_t) override { at_ = 0; }

  unsigned pick(const choice_point& here) override {
    return at_ < list_.size() ? decode(list_[at_++]) : unforced(here);
  }

  bool advance() override { return false; }

private:
  /// An unknown character becomes a fiber that no case has, which the schedule then reports.
  static unsigned decode(char choice) {
    for (unsigned fiber = 0; fiber < most_fibers; ++fiber)
      if (encode(fiber) == choice) return fiber;
    return most_fibers - 1;
  }

  std::string list_;
  std::size_t at_ = 0;
};

} // namespace

std::unique_ptr<chooser> make_chooser(const options& chosen) {
  if (!chosen.replay.empty()) return std::make_unique<replay>(chosen);
  if (chosen.how == strategy::pct) return std::make_unique<pct>(chosen);
  if (chosen.how == strategy::exhaustive) return std::make_unique<exhaustive>(chosen);
  return std::make_unique<random_walk>(chosen);
}

} // namespace tenure_test::schedule
