// Never unmaps, but runs the whole life cycle.
#ifndef TENURE_POLICIES_RESIDENT_HPP
#define TENURE_POLICIES_RESIDENT_HPP

#include <tenure/policy.hpp>

namespace tenure::inline v1::policy {

// For sanitizers, valgrind and profilers, whose reports cannot name code that was unmapped: objects, hooks
// and votes run as under any other policy, and final_close() reports each module as `kept`. When not to use
// it: in production; nothing is ever given back.
class resident {
public:
  static constexpr bool parks = true;
  static constexpr bool keeps_pages = true;

  void idled(idle_module& m, time_point, idle_list&) noexcept { idle_.push_back(m); }
  void revived(idle_module& m) noexcept { idle_.remove(m); }
  void sweep(const sweep_request&, idle_list&) noexcept {}
  void drain(idle_list& victims) noexcept { victims.append(idle_); }
  void shed(idle_list&) noexcept {}
  [[nodiscard]] time_point next_due() const noexcept { return never; }

private:
  idle_list idle_;
};

} // namespace tenure::inline v1::policy

#endif
