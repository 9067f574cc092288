// Closes, when the application sweeps, what has been idle for a delay.
#ifndef TENURE_POLICIES_PERIODIC_SWEEP_HPP
#define TENURE_POLICIES_PERIODIC_SWEEP_HPP

#include <tenure/policy.hpp>

namespace tenure::inline v1::policy {

// COM's CoFreeUnusedLibrariesEx by Microsoft's rules, where re-implementations differ (C-B5 to C-B9): the
// first sweep that finds a module idle stamps it, later ones never move the stamp, any use clears it, and the
// sweep at or after stamp + delay closes it. A delay of zero closes at the first sweep. Nothing happens
// without a sweep. When not to use it: in a program that never calls sweep(), nor owns a tenure::sweeper.
class periodic_sweep {
public:
  static constexpr bool parks = true;
  // Microsoft's default for modules whose threads may still be on their way out.
  static constexpr duration default_delay = minutes(10);

  periodic_sweep() noexcept = default;
  explicit periodic_sweep(duration delay) noexcept
      : delay_(delay) {}

  void idled(idle_module& m, time_point, idle_list&) noexcept { unstamped_.push_back(m); }
  void revived(idle_module& m) noexcept { (m.stamp == never ? unstamped_ : candidates_).remove(m); }
  void sweep(const sweep_request& request, idle_list& victims) noexcept {
    // Those that are idle again come back through idled(), and the sweep is repeated. Nothing to look through where
    // nothing was used: what such a sweep costs does not depend on how many are idle.
    if (request.used) hand_back_used(victims);
    stamp_new_ones(request.now);
    const duration delay = request.delay_or(delay_);
    while (!candidates_.empty() && candidates_.front()->stamp + delay <= request.now)
      victims.push_back(candidates_.pop_front());
  }
  void drain(idle_list& victims) noexcept {
    victims.append(candidates_);
    victims.append(unstamped_);
  }
  void shed(idle_list& victims) noexcept {
    idle_list& oldest = candidates_.empty() ? unstamped_ : candidates_;
    if (!oldest.empty()) victims.push_back(oldest.pop_front());
  }
  [[nodiscard]] time_point next_due() const noexcept {
    if (!candidates_.empty()) return candidates_.front()->stamp + delay_;
    return unstamped_.empty() ? never : time_point{}; // a sweep would stamp: due since ever
  }

private:
  // A use that took no lock clears the stamp as any other, and nothing is stamped while it is in use.
  void hand_back_used(idle_list& victims) noexcept {
    const auto used = [](const idle_module& m) { return m.was_used(); };
    unstamped_.move_to(victims, used);
    candidates_.move_to(victims, used);
  }
  void stamp_new_ones(time_point now) noexcept {
    for (idle_module* m = unstamped_.front(); m != nullptr;) {
      idle_module* const next = idle_list::after(*m);
      if (m->vote() != unload_vote::no) {
        unstamped_.remove(*m);
        m->stamp = now;
        candidates_.push_back(*m); // time does not go back: candidates stay in order of their stamps
      }
      m = next;
    }
  }

  duration delay_ = default_delay;
  idle_list unstamped_;  // idle since the last sweep, or voting no
  idle_list candidates_; // by stamp, oldest first
};

} // namespace tenure::inline v1::policy

#endif
