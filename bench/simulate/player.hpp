// Plays a trace to a policy, on a virtual clock, without a loader: what a manager would ask of it, in the
// same order.
#ifndef TENURE_BENCH_SIMULATE_PLAYER_HPP
#define TENURE_BENCH_SIMULATE_PLAYER_HPP

#include "costs.hpp"
#include "hash.hpp"
#include "record.hpp" // the manager's way into what policies only read

#include <tenure/policy.hpp>

#include <deque>
#include <queue>
#include <vector>

namespace simulate {

// As the registry's record is one.
class played_module final : public tenure::idle_module {
public:
  played_module(const module_cost& c, std::uint64_t number)
      : tenure::idle_module(refs_)
      , cost(&c)
      , identity_(tenure::detail::hash_pair(number, 0)) {}
  void load(tenure::time_point at) {
    loaded = true;
    using tenure::detail::idle_access;
    idle_access::note_load(*this, tenure::duration(static_cast<std::int64_t>(cost->load * 1e9)), cost->bytes);
    idle_access::note_whose_and_when(*this, identity_, at);
  }
  [[nodiscard]] bool idle() const { return refs_ == 0; }
  void hold() { ++refs_; }
  void let_go() { --refs_; }

  const module_cost* cost;
  bool loaded = false;

private:
  tenure::detail::word refs_ = 0;
  std::uint64_t identity_;
};

template <tenure::unload_policy Policy> class player {
public:
  // `sweeps`: the time between two, at which the policy is asked if something is due; none: whenever it says
  // so, as an event loop does it.
  player(Policy policy, const std::vector<module_cost>& costs, tenure::duration sweeps)
      : policy_(std::move(policy))
      , interval_(sweeps.nanoseconds) {
    for (const module_cost& c : costs) modules_.emplace_back(c, modules_.size());
  }

  [[nodiscard]] bill play(trace& t) {
    opening o;
    t.begin();
    while (t.next(o)) {
      release_until(o.at);
      sweep_until(o.at);
      open(modules_[o.module], o.at);
      releases_.push({o.at + o.hold, o.module});
    }
    release_until(INT64_MAX);
    close_all();
    return bill_;
  }

private:
  struct release {
    std::int64_t at;
    std::uint32_t module;
    friend bool operator>(const release& a, const release& b) { return a.at > b.at; }
  };

  void open(played_module& m, std::int64_t at) {
    now_ = at;
    if (m.idle()) {
      if (m.loaded) {
        tenure::detail::tell_revived(policy_, m, tenure::time_point(at));
        pay_idle(m);
      } else {
        m.load(tenure::time_point(at));
        ++bill_.loads;
        bill_.cost += m.cost->load;
      }
      tenure::detail::idle_access::note_use(m);
    }
    m.hold();
  }
  void release_until(std::int64_t at) {
    while (!releases_.empty() && releases_.top().at <= at) {
      const release r = releases_.top();
      releases_.pop();
      sweep_until(r.at);
      now_ = r.at;
      let_go(modules_[r.module]);
    }
  }
  void let_go(played_module& m) {
    m.let_go();
    if (!m.idle()) return;
    tenure::detail::idle_access::note_idle(m, tenure::time_point(now_), ++uses_);
    tenure::idle_list victims;
    policy_.idled(m, tenure::time_point(now_), victims);
    close(victims);
  }
  void sweep_until(std::int64_t at) {
    if (interval_ == 0)
      sweep_when_due(at);
    else
      sweep_in_intervals(at);
  }
  void sweep_when_due(std::int64_t at) {
    for (;;) {
      const tenure::time_point due = policy_.next_due();
      if (due == tenure::never || due.nanoseconds > at) return;
      sweep(std::max(now_, due.nanoseconds));
    }
  }
  // One for each interval, as long as the policy has something to wait for.
  void sweep_in_intervals(std::int64_t at) {
    for (std::int64_t tick = swept_ + interval_; tick <= at; tick += interval_) {
      if (policy_.next_due() == tenure::never) break;
      sweep(tick);
    }
    swept_ = std::max(swept_, at / interval_ * interval_);
  }
  void sweep(std::int64_t at) {
    now_ = at;
    tenure::idle_list victims;
    policy_.sweep({.now = tenure::time_point(at), .has_delay = false, .delay = {}}, victims);
    close(victims);
  }
  void close_all() {
    tenure::idle_list victims;
    policy_.drain(victims);
    close(victims);
  }
  void close(tenure::idle_list& victims) {
    while (!victims.empty()) {
      played_module& m = static_cast<played_module&>(victims.pop_front());
      pay_idle(m);
      m.loaded = false;
    }
  }
  void pay_idle(const played_module& m) {
    const double seconds = static_cast<double>(now_ - m.idle_since().nanoseconds) / 1e9;
    bill_.idle_mib_seconds += seconds * static_cast<double>(m.cost->bytes) / (1024.0 * 1024.0);
    bill_.cost += seconds * m.cost->idle;
  }

  Policy policy_;
  std::int64_t interval_, now_ = 0, swept_ = 0;
  std::uint64_t uses_ = 0;
  std::deque<played_module> modules_; // never moved: policies link them
  std::priority_queue<release, std::vector<release>, std::greater<>> releases_;
  bill bill_;
};

} // namespace simulate

#endif
