// Closes, when the application sweeps, what has been idle for a delay.
#ifndef TENURE_POLICIES_PERIODIC_SWEEP_HPP
#define TENURE_POLICIES_PERIODIC_SWEEP_HPP

#include <tenure/policy.hpp>

namespace tenure::inline v1::policy {

// COM's CoFreeUnusedLibrariesEx by Microsoft's rules, where re-implementations differ (C-B5 to C-B9): the
// first sweep that finds a module idle stamps it, later ones never move the stamp, any use clears it, and the
// sweep at or after stamp + delay closes it. A delay of zero closes at the first sweep, `never` at none. A
// vote of "no" clears the stamp, too. Modules that say that they are single-threaded do not wait. Nothing
// happens without a sweep. When not to use it: in a program that never calls sweep(), nor owns a
// tenure::sweeper.
class periodic_sweep {
public:
  static constexpr bool parks = true;
  // Microsoft's default for modules whose threads may still be on their way out.
  static constexpr duration default_delay = minutes(10);
  // What becomes at a sweep of a module that exports no vote: COM leaves it to the end of the context (C-B1).
  enum class silent_modules : unsigned char { go, stay };

  periodic_sweep() noexcept = default;
  // With a delay of one's own, and what becomes of modules without a vote.
  explicit periodic_sweep(duration delay, silent_modules silent = silent_modules::go) noexcept
      : delay_(delay)
      , silent_(silent) {}

  void idled(idle_module& m, time_point, idle_list&) noexcept { fresh_.push_back(m); }
  void revived(idle_module& m) noexcept { list_of(m).remove(m); }
  void sweep(const sweep_request& request, idle_list& victims) noexcept {
    // Those that are idle again come back through idled(), and the sweep is repeated. Nothing to look through where
    // nothing was used and nothing votes: what such a sweep costs does not depend on how many are idle.
    if (request.used) hand_back_used(victims);
    swept_at_ = request.now;
    if (request.asked) {
      sort(candidates_, victims);
      sort(stayed_, victims);
    }
    sort(fresh_, victims);
    const duration delay = request.delay_or(delay_);
    while (!candidates_.empty() && request.now - candidates_.front()->stamp >= delay)
      victims.push_back(candidates_.pop_front());
  }
  void drain(idle_list& victims) noexcept {
    victims.append(candidates_);
    victims.append(stayed_);
    victims.append(fresh_);
  }
  void shed(idle_list& victims) noexcept {
    idle_list& oldest = !candidates_.empty() ? candidates_ : !stayed_.empty() ? stayed_ : fresh_;
    if (!oldest.empty()) victims.push_back(oldest.pop_front());
  }
  [[nodiscard]] time_point next_due() const noexcept {
    if (!fresh_.empty()) return time_point{}; // a sweep would stamp: due since ever, or the delay begins too late
    const time_point again = will_be_asked() ? swept_at_ + (delay_ < pause ? pause : delay_) : never;
    const time_point due = candidates_.empty() ? never : due_of(*candidates_.front());
    return again < due ? again : due;
  }

private:
  static constexpr duration pause = seconds(1);    // at least, between two questions to a module that says no
  static constexpr time_point no_stamp{INT64_MIN}; // of a module that a sweep has seen and left

  [[nodiscard]] time_point due_of(const idle_module& m) const noexcept { return later(m.stamp, delay_); }
  [[nodiscard]] idle_list& list_of(const idle_module& m) noexcept {
    return m.stamp == never ? fresh_ : m.stamp == no_stamp ? stayed_ : candidates_;
  }
  [[nodiscard]] bool stays(const idle_module& m) const noexcept {
    return m.vote() == unload_vote::no ||
           (m.vote() == unload_vote::not_asked && silent_ == silent_modules::stay);
  }
  [[nodiscard]] bool will_be_asked() const noexcept {
    for (const idle_module* m = stayed_.front(); m != nullptr; m = idle_list::after(*m))
      if (m->vote() == unload_vote::no) return true;
    return false;
  }
  // A use that took no lock clears the stamp as any other, and nothing is stamped while it is in use.
  void hand_back_used(idle_list& victims) noexcept {
    const auto used = [](const idle_module& m) { return m.was_used(); };
    fresh_.move_to(victims, used);
    stayed_.move_to(victims, used);
    candidates_.move_to(victims, used);
  }
  // By what they said to this sweep.
  void sort(idle_list& from, idle_list& victims) noexcept {
    for (idle_module* m = from.front(); m != nullptr;) {
      idle_module* const next = idle_list::after(*m);
      sort(from, *m, victims);
      m = next;
    }
  }
  void sort(idle_list& from, idle_module& m, idle_list& victims) noexcept {
    if (&from == (stays(m) ? &stayed_ : &candidates_)) return;
    from.remove(m);
    m.stamp =
        stays(m) ? no_stamp : swept_at_; // time does not go back: candidates stay in order of their stamps
    (stays(m) ? stayed_ : m.single_threaded() ? victims : candidates_).push_back(m);
  }

  duration delay_ = default_delay;
  silent_modules silent_ = silent_modules::go;
  time_point swept_at_{};
  idle_list fresh_;      // idle since the last sweep
  idle_list stayed_;     // the last sweep left them: they said no, or nothing
  idle_list candidates_; // by stamp, oldest first
};

} // namespace tenure::inline v1::policy

#endif
