// Closes a module at the first safe point after its last release.
#ifndef TENURE_POLICIES_IMMEDIATE_HPP
#define TENURE_POLICIES_IMMEDIATE_HPP

#include <tenure/policy.hpp>

namespace tenure::inline v1::policy {

// dlclose in a destructor, made safe. When not to use it: where objects come and go; each last release costs
// a full unload, and the next use a full load.
class immediate {
public:
  void idled(idle_module& m, time_point, idle_list& victims) noexcept { victims.push_back(m); }
  void revived(idle_module&) noexcept {} // keeps none
  void sweep(const sweep_request&, idle_list&) noexcept {}
  void drain(idle_list&) noexcept {}
  void shed(idle_list&) noexcept {}
  [[nodiscard]] time_point next_due() const noexcept { return never; }
};

} // namespace tenure::inline v1::policy

#endif
