// Keeps at most N idle modules, each for at most Ttl.
#ifndef TENURE_POLICIES_KEEP_WARM_HPP
#define TENURE_POLICIES_KEEP_WARM_HPP

#include <tenure/policy.hpp>

namespace tenure::inline v1::policy {

// Keeps nothing warm while it is on: for an installer or a backup, which must find no file in use. Outlives
// the manager. Effect at the manager's next sweep, and at each last release from then on. Threads: any.
class maintenance {
public:
  // From now on nothing is kept warm.
  void begin() noexcept { detail::jot(on_, true); }
  // As before begin().
  void end() noexcept { detail::jot(on_, false); }
  // Whether it is between the two.
  [[nodiscard]] bool is_on() const noexcept { return detail::glance(on_); }

private:
  bool on_ = false;
};

// ECom's cache of resolver DLLs (4 entries, 4 s, least recently used first, a hit renews; CT-4012 to
// UT-4025). What was superseded by a new file is not kept. Time passes only when the manager is called:
// sweep(), a sweeper, or the next release find what has expired. When not to use it: where the working set is
// larger than N; each use beyond it then costs a load. N = 0 or Ttl = 0 keep nothing.
template <std::size_t N = 4, duration Ttl = seconds(4)> class keep_warm {
public:
  static constexpr bool parks = true;
  static constexpr bool reads_time = true;

  keep_warm() noexcept = default;
  // With somebody's word on when to keep nothing. Pre: `m` outlives the manager.
  explicit keep_warm(const maintenance& m) noexcept
      : maintenance_(&m) {}

  void idled(idle_module& m, time_point now, idle_list& victims) noexcept {
    warm_.insert_by_use(m);
    if (warm_.size() > N) warm_.hand_back_used(victims);
    while (warm_.size() > N) shed(victims);
    expire(now, Ttl, victims);
  }
  void revived(idle_module& m) noexcept { warm_.remove(m); }
  void sweep(const sweep_request& request, idle_list& victims) noexcept {
    expire(request.now, request.delay_or(Ttl), victims);
  }
  void drain(idle_list& victims) noexcept { victims.append(warm_); }
  void shed(idle_list& victims) noexcept {
    if (!warm_.empty()) victims.push_back(warm_.pop_front());
  }
  [[nodiscard]] time_point next_due() const noexcept {
    time_point first = never;
    for (const idle_module* m = warm_.front(); m != nullptr; m = idle_list::after(*m))
      if (first == never || m->idle_since() - first < duration{}) first = m->idle_since();
    return first == never ? never : later(first, Ttl);
  }

private:
  // Looks at all: one that was used without the mutex got a later idle_since() than its place in the order
  // says. The difference, not the sum, is compared: a clock that wraps round goes on being right (UT-4020).
  void expire(time_point now, duration ttl, idle_list& victims) noexcept {
    const bool none = maintenance_ != nullptr && maintenance_->is_on();
    warm_.move_to(
        victims, [=](const idle_module& m) { return none || m.superseded() || now - m.idle_since() >= ttl; });
  }

  idle_list warm_; // least recently used first
  const maintenance* maintenance_ = nullptr;
};

} // namespace tenure::inline v1::policy

#endif
