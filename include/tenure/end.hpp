// The end of a manager, by choice: what becomes of modules that cannot or will not go.
#ifndef TENURE_END_HPP
#define TENURE_END_HPP

#include <tenure/manager.hpp>

namespace tenure::inline v1 {

// COM knows all three, and leaves the choice to the implementation: Wine leaves such modules mapped for ever,
// Windows unloads them whatever they say (C-B11, C-H14).
enum class end_mode : unsigned char {
  wait,         // asks again until everything has gone, or the patience ends
  leave_mapped, // what votes no stays mapped and is known to the manager no more; reported `kept`. Whichever
                // manager opens it next decides about it alone
  force,        // no vote counts. What is in use still stays: no mode unmaps code that is needed
};

namespace detail {
TENURE_API unload_report end_registry(registry& g, end_mode mode, duration patience, departure_check level);
} // namespace detail

} // namespace tenure::inline v1

namespace TENURE_HANDLES {

// A final close that settles what a vote, a lock or a handle would leave open. The manager can be used again,
// or destroyed. `patience`: for `wait`, by the manager's clock. Threads: any; `wait` blocks the thread, so
// not from inside a module.
//   for (const auto& e : tenure::end(modules, tenure::end_mode::wait, std::chrono::seconds(5)))
//   std::puts(e.detail);
template <class Policy, departure_check Check, class Observer>
unload_report end(manager<Policy, Check, Observer>& m, end_mode mode, duration patience = duration(INT64_MAX)) {
  return detail::end_registry(detail::manager_access::registry_of(m), mode, patience, Check);
}

} // namespace TENURE_HANDLES

#endif
