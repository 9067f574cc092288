// Learns how long keeping a module pays.
#ifndef TENURE_POLICIES_ADAPTIVE_HPP
#define TENURE_POLICIES_ADAPTIVE_HPP

#include <tenure/detail/due_lists.hpp>
#include <tenure/policy.hpp>

#include <cstddef>
#include <cstdint>

namespace tenure::inline v1::policy {

// Nothing to choose: it weighs what a load took, measured, against what an idle module's memory is worth, and
// learns from the gaps between uses which of eight times to keep each module for costs least: from not at all
// to 16 times the break-even time, after which keeping has cost as much as a load. What it has seen of other
// modules stands in for what it has not seen of this one. It costs at most 2.05 times what a policy would
// that knows the future, whatever comes: what it may lose by going by what it learned is at any time no more
// than what it has saved before; beyond that it keeps everything for the break-even time, which never costs
// more than twice the optimum (ski rental: Karlin, Manasse, Rudolph, Sleator 1988).
//
// It assumes that a module's next load takes as long as its last one did; that only idle memory costs, so
// much per byte and time, as if it were needed elsewhere; and that sweeps come when next_due() says so: each
// that comes later costs what is idle meanwhile. Remembered are 256 modules, also while they are not loaded
// (18 KiB); of more, those that went longest ago are forgotten. When not to use it: where revives must not
// take the mutex (it hears of each, with the time); where nothing ever sweeps and releases are rare; for a
// limit on memory, which is limit_idle_bytes<adaptive, N>.
class adaptive {
public:
  static constexpr bool reads_time = true;
  // Of loading, which a MiB that is idle for a second is worth: keeping 1 MiB for 10 s costs as much as a
  // load that takes a millisecond.
  static constexpr duration default_price = microseconds(100);

  adaptive() noexcept = default;
  // With another price. Pre: more than nothing.
  explicit adaptive(duration mib_second) noexcept
      : price_(static_cast<double>(mib_second.nanoseconds)) {}

  void idled(idle_module& m, time_point now, idle_list& victims) noexcept {
    expire(now, victims);
    settle_two(now);
    past* const p = begin_gap(m, now);
    const double keep = m.superseded() ? 0 : p != nullptr ? static_cast<double>(p->keep) : 1.0;
    const double even = p != nullptr ? static_cast<double>(p->even) : break_even(m);
    m.stamp = later(now, duration(detail::scale<1, 1>(keep * even)));
    if (m.stamp == now)
      close(m, now, victims);
    else
      kept_.add(m);
  }
  void revived(idle_module& m, time_point now) noexcept {
    kept_.remove(m);
    past* const p = find(m.identity());
    if (p == nullptr || p->now != place::kept) return;
    const double gap = gap_of(*p, now);
    earned_ += static_cast<double>(p->load) * (bound * least(gap, 1) - gap);
    end_gap(*p, place::used);
    learn(*p, gap);
  }
  void sweep(const sweep_request& request, idle_list& victims) noexcept {
    expire(request.now, victims);
    if (!request.has_delay) return;
    idle_list asked_for;
    kept_.take_idle(request.now, request.delay, asked_for);
    give_up(asked_for, victims);
  }
  void drain(idle_list& victims) noexcept {
    idle_list all;
    kept_.take_all(all);
    give_up(all, victims);
  }
  // What is due first.
  void shed(idle_list& victims) noexcept {
    idle_module* const first = kept_.first();
    if (first == nullptr) return;
    kept_.remove(*first);
    idle_list one;
    one.push_back(*first);
    give_up(one, victims);
  }
  [[nodiscard]] time_point next_due() const noexcept {
    const idle_module* const first = kept_.first();
    return first != nullptr ? first->stamp : never;
  }

private:
  // Times to keep a module for, in break-even times.
  static constexpr std::size_t choices = 8;
  static constexpr double times[choices] = {0, 1.0 / 256, 1.0 / 64, 1.0 / 16, 1.0 / 4, 1, 4, 16};
  static constexpr std::size_t even_choice = 5;
  // Of the optimum, what all may cost. Break-even alone would never save anything where nothing comes back in
  // time, and never dare anything: hence more than 2.
  static constexpr double bound = 2.05;
  static constexpr double own_memory = 64;      // gaps, after which one counts for a third
  static constexpr double pooled_memory = 4096; // the same of all modules together
  static constexpr double pooled_weight = 1;    // gaps of its own that a module needs to outweigh the others'
  static constexpr std::size_t sets = 32,
                               ways = 8;  // of the memory: where a module may be is given by its identity
  static constexpr double longest = 1e16; // nanoseconds: 16 times as much is still a time

  // Where a module that is remembered is.
  enum class place : std::uint8_t {
    used,
    kept,    // idle
    closed,  // its gap goes on: it may come back so early that closing it was wrong
    settled, // closed, and no longer of influence on what the rest may cost
    lost,    // the same, and so long ago that it was learned from
  };

  struct past {
    std::uint64_t identity = 0; // 0: nothing is remembered
    time_point since{};         // its last gap began
    float costs[choices] = {};  // what each time would have cost, in loads; what is long ago counts less
    float even = 0;             // break-even time, in nanoseconds
    float load = 0;             // in nanoseconds
    float keep = 0;             // in break-even times; once it is closed, for how long it was kept
    place now = place::used;
    std::uint8_t gaps = 0; // seen, up to 255
  };

  struct experience { // of all modules with so many gaps
    float costs[choices] = {};
    float gaps = 0;
  };

  [[nodiscard]] static constexpr double least(double a, double b) noexcept { return a < b ? a : b; }
  [[nodiscard]] static constexpr double risk(double keep) noexcept { return keep < 1 ? 1 - keep : keep - 1; }
  [[nodiscard]] static double reserve_of(const past& p) noexcept {
    return static_cast<double>(p.load) * risk(static_cast<double>(p.keep));
  }
  // In break-even times.
  [[nodiscard]] static double gap_of(const past& p, time_point end) noexcept {
    const double gap = static_cast<double>((end - p.since).nanoseconds);
    return gap <= 0 ? 0 : p.even > 0 ? gap / static_cast<double>(p.even) : longest;
  }
  // After so many nanoseconds keeping has cost as much as a load.
  [[nodiscard]] double break_even(const idle_module& m) const noexcept {
    constexpr double smallest = 4096; // bytes
    const double bytes = static_cast<double>(m.mapped_bytes());
    const double per_second = price_ * (bytes < smallest ? smallest : bytes) / (1024.0 * 1024.0);
    return least(static_cast<double>(m.load_time().nanoseconds) * 1e9 / per_second, longest);
  }

  // --- what a gap costs, and what that allows ---

  // The gap is over, or nobody's fault any more.
  void end_gap(past& p, place where) noexcept {
    if (p.now == place::kept || p.now == place::closed) reserved_ -= reserve_of(p);
    p.now = where;
  }
  // It was closed, and came back with a load.
  void come_back(past& p, const idle_module& m) noexcept {
    const double gap = gap_of(p, m.loaded_at());
    if (p.now == place::closed)
      earned_ += static_cast<double>(p.load) * (bound * least(gap, 1) - static_cast<double>(p.keep) - 1);
    else if (gap >= 1)
      earned_ += (bound - 2) * static_cast<double>(m.load_time().nanoseconds);
    if (p.now != place::lost) learn(p, gap);
    end_gap(p, place::used);
  }
  // No longer than break-even: then the optimum has loaded it again, too, if it comes back at all.
  void settle(past& p, time_point now) noexcept {
    const double gap = gap_of(p, now);
    if (p.now == place::closed && gap >= 1) {
      earned_ += static_cast<double>(p.load) * (1 - static_cast<double>(p.keep));
      end_gap(p, place::settled);
    }
    if (p.now != place::settled || gap < times[choices - 1]) return;
    learn(p, gap);
    p.now = place::lost;
  }
  void settle_two(time_point now) noexcept {
    for (int i = 0; i != 2; ++i) settle(memory_[hand_++ % (sets * ways)], now);
  }
  // The time that costs least by what is known, of those whose worst case has been saved before.
  [[nodiscard]] double best_time(const past& p) const noexcept {
    const experience& others = pooled_[class_of(p)];
    const double may_cost = earned_ - reserved_;
    double best = 0, keep = -1;
    for (std::size_t i = 0; i != choices; ++i) {
      if (i != even_choice && static_cast<double>(p.load) * risk(times[i]) > may_cost) continue;
      const double prior = (static_cast<double>(others.costs[i]) + 1 + risk(times[i])) /
                           (static_cast<double>(others.gaps) + 1);
      const double cost = static_cast<double>(p.costs[i]) + pooled_weight * prior;
      if (keep >= 0 && cost >= best) continue;
      best = cost;
      keep = times[i];
    }
    return keep;
  }
  void learn(past& p, double gap) noexcept {
    experience& others = pooled_[class_of(p)];
    for (std::size_t i = 0; i != choices; ++i) {
      const double cost = gap <= times[i] ? gap : times[i] + 1;
      fade_in(p.costs[i], cost, own_memory);
      fade_in(others.costs[i], cost, pooled_memory);
    }
    fade_in(others.gaps, 1, pooled_memory);
    if (p.gaps != 255) ++p.gaps;
  }
  static void fade_in(float& sum, double value, double memory) noexcept {
    sum = static_cast<float>(static_cast<double>(sum) * (1 - 1 / memory) + value);
  }
  [[nodiscard]] static std::size_t class_of(const past& p) noexcept { return p.gaps < 3 ? p.gaps : 3; }

  // --- which module ---

  // Null: there is no place for it. Such a module is kept for the break-even time, and not in the books.
  [[nodiscard]] past* begin_gap(const idle_module& m, time_point now) noexcept {
    past* p = find(m.identity());
    if (p == nullptr)
      p = enter(m, now);
    else if (p->now == place::used || p->now == place::kept || m.loaded_at() - p->since < duration{})
      end_gap(*p, place::used); // never closed, though it was to be
    else
      come_back(*p, m);
    if (p == nullptr) return nullptr;
    p->since = now;
    p->even = static_cast<float>(break_even(m));
    p->load = static_cast<float>(m.load_time().nanoseconds);
    p->keep = static_cast<float>(best_time(*p));
    p->now = place::kept;
    reserved_ += reserve_of(*p);
    return p;
  }
  [[nodiscard]] static constexpr std::size_t set_of(std::uint64_t identity) noexcept {
    return static_cast<std::size_t>(identity >> 32U) % sets * ways; // the last bits may be no good
  }
  [[nodiscard]] past* find(std::uint64_t identity) noexcept {
    if (identity == 0) return nullptr;
    past* const set = memory_ + set_of(identity);
    for (past* p = set; p != set + ways; ++p)
      if (p->identity == identity) return p;
    return nullptr;
  }
  [[nodiscard]] past* enter(const idle_module& m, time_point now) noexcept {
    if (m.identity() == 0) return nullptr;
    past* const set = memory_ + set_of(m.identity());
    past* oldest = nullptr;
    for (past* p = set; p != set + ways; ++p)
      if (p->now != place::kept && (oldest == nullptr || rather(*p, *oldest))) oldest = p;
    if (oldest == nullptr) return nullptr;
    forget(*oldest, now);
    *oldest = {};
    oldest->identity = m.identity();
    if (m.use_count() == 1) earned_ += (bound - 2) * static_cast<double>(m.load_time().nanoseconds);
    return oldest;
  }
  // Nothing, before what is not loaded, before what is in use; and of those what was used longest ago.
  [[nodiscard]] static bool rather(const past& a, const past& b) noexcept {
    if (a.identity == 0 || b.identity == 0) return b.identity != 0;
    if ((a.now == place::used) != (b.now == place::used)) return b.now == place::used;
    return a.since - b.since < duration{};
  }
  // If it comes back, that will look like a first load: the worst that may be is paid now.
  void forget(past& p, time_point now) noexcept {
    settle(p, now);
    const double paid = static_cast<double>(p.keep) + bound - 1;
    if (p.now == place::closed) earned_ += static_cast<double>(p.load) * (bound * gap_of(p, now) - paid);
    end_gap(p, place::settled);
  }

  // --- who goes ---

  void expire(time_point now, idle_list& victims) noexcept {
    idle_list due;
    kept_.take_due(now, due);
    while (!due.empty()) close(due.pop_front(), now, victims);
  }
  void close(idle_module& m, time_point now, idle_list& victims) noexcept {
    past* const p = find(m.identity());
    if (p != nullptr && p->now == place::kept) {
      reserved_ -= reserve_of(*p);
      p->keep = static_cast<float>(gap_of(*p, now)); // later than planned, if no sweep came in time
      p->now = place::closed;
      reserved_ += reserve_of(*p);
    }
    victims.push_back(m);
  }
  // They go by somebody else's will: what that costs is not in the books.
  void give_up(idle_list& some, idle_list& victims) noexcept {
    for (idle_module* m = some.front(); m != nullptr; m = idle_list::after(*m))
      if (past* const p = find(m->identity()); p != nullptr) end_gap(*p, place::settled);
    victims.append(some);
  }

  double price_ = static_cast<double>(default_price.nanoseconds);
  double earned_ = 0;   // nanoseconds of loading: `bound` times what the optimum has cost so far, less ours
  double reserved_ = 0; // the same: what the gaps that are open may still cost more than that
  std::size_t hand_ = 0;
  detail::due_lists kept_;
  experience pooled_[4];
  past memory_[sets * ways];
};

} // namespace tenure::inline v1::policy

#endif
