// Plays a trace to a policy, on a virtual clock, without a loader: what a manager would ask of it, in the
// same order.
#ifndef TENURE_BENCH_SIMULATE_PLAYER_HPP
#define TENURE_BENCH_SIMULATE_PLAYER_HPP

#include "costs.hpp"
#include "record.hpp" // the manager's way into what policies only read

#include <tenure/policy.hpp>

#include <deque>
#include <queue>
#include <vector>

namespace simulate {

// As the registry's record is one.
class played_module final : public tenure::idle_module {
public:
  explicit played_module(const module_cost& c)
      : tenure::idle_module(refs_)
      , cost(&c) {
    tenure::detail::idle_access::note_load(*this, tenure::duration(static_cast<std::int64_t>(c.load * 1e9)),
                                           c.bytes);
  }
  [[nodiscard]] bool idle() const { return refs_ == 0; }
  void hold() { ++refs_; }
  void let_go() { --refs_; }

  const module_cost* cost;
  bool loaded = false;

private:
  tenure::detail::word refs_ = 0;
};

template <tenure::unload_policy Policy> class player {
public:
  // `sweeps`: the time between two, at which the policy is asked if something is due.
  player(Policy policy, const std::vector<module_cost>& costs, tenure::duration sweeps)
      : policy_(std::move(policy))
      , interval_(sweeps.nanoseconds) {
    for (const module_cost& c : costs) modules_.emplace_back(c);
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
        policy_.revived(m);
        pay_idle(m);
      } else {
        m.loaded = true;
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
  // One for each interval, as long as the policy has something to wait for.
  void sweep_until(std::int64_t at) {
    for (std::int64_t tick = swept_ + interval_; tick <= at; tick += interval_) {
      if (policy_.next_due() == tenure::never) break;
      now_ = tick;
      tenure::idle_list victims;
      policy_.sweep({.now = tenure::time_point(tick), .has_delay = false, .delay = {}}, victims);
      close(victims);
    }
    swept_ = std::max(swept_, at / interval_ * interval_);
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
