// Closes nothing before final_close().
#ifndef TENURE_POLICIES_FINAL_CLOSE_HPP
#define TENURE_POLICIES_FINAL_CLOSE_HPP

#include <tenure/policy.hpp>

namespace tenure::inline v1::policy {

// Symbian's REComSession::FinalClose as the only moment. When not to use it: in a process that runs for long
// and opens ever other modules; nothing is given back before the end.
class final_close {
public:
  static constexpr bool parks = true;

  void idled(idle_module& m, time_point, idle_list&) noexcept { idle_.push_back(m); }
  void revived(idle_module& m) noexcept { idle_.remove(m); }
  void sweep(const sweep_request&, idle_list&) noexcept {}
  void drain(idle_list& victims) noexcept { victims.append(idle_); }
  void shed(idle_list& victims) noexcept {
    if (!idle_.empty()) victims.push_back(idle_.pop_front());
  }
  [[nodiscard]] time_point next_due() const noexcept { return never; }

private:
  idle_list idle_; // in the order of their last release
};

} // namespace tenure::inline v1::policy

#endif
