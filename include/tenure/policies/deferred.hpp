// Closes the module that was parked N last releases ago, at the beginning of the next one.
#ifndef TENURE_POLICIES_DEFERRED_HPP
#define TENURE_POLICIES_DEFERRED_HPP

#include <tenure/policy.hpp>

namespace tenure::inline v1::policy {

// Symbian ECom's garbage slot (CLoadManager), N deep: a parked module's code stays callable until control has
// left it, and using it again costs nothing. Errors never empty the slot (E-H2), and a parked module that is
// used again leaves it (E-H11). When not to use it: where memory must come back without further releases; the
// last N modules stay until final_close.
template <std::size_t N> class deferred {
  static_assert(N > 0, "deferred<0> is immediate");

public:
  static constexpr bool parks = true;

  void idled(idle_module& m, time_point, idle_list& victims) noexcept {
    parked_.insert_by_use(m);
    if (parked_.size() > N) parked_.hand_back_used(victims);
    if (parked_.size() > N) shed(victims);
  }
  void revived(idle_module& m) noexcept { parked_.remove(m); }
  void sweep(const sweep_request&, idle_list&) noexcept {} // only releases move the queue (E-B4)
  void drain(idle_list& victims) noexcept { victims.append(parked_); }
  void shed(idle_list& victims) noexcept {
    if (!parked_.empty()) victims.push_back(parked_.pop_front());
  }
  [[nodiscard]] time_point next_due() const noexcept { return never; }

private:
  idle_list parked_; // least recently used first
};

// Symbian's: one module waits for the next.
using deferred_one = deferred<1>;

} // namespace tenure::inline v1::policy

#endif
