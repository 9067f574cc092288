// One module that needs another, without being linked with it.
#ifndef TENURE_DEPENDENCY_HPP
#define TENURE_DEPENDENCY_HPP

#include <tenure/module.hpp>

namespace tenure::inline v1 {
namespace detail {
// `taken`: null where holders are not tracked; as everywhere.
TENURE_API bool add_dependency(record* user, record* used, const code_location* taken, failure& why) noexcept;
} // namespace detail
} // namespace tenure::inline v1

namespace TENURE_HANDLES {

// From now on `user` holds `used`: it is let go when `user` is gone from the process, not before (C-H11:
// unloading A took B with it although B still had objects). The edge is `user`'s, whatever handles come and
// go. When not to use it: for libraries that `user` is linked with; the system holds those. Errors:
// empty_handle, dependency_cycle (used needs user already, or is the same module), module_shut_down (either),
// out_of_memory. Cycles through modules of several managers are not seen. Threads: any.
inline void depend(const module& user, const module& used TENURE_AND_TAKEN_HERE) {
  failure why;
  if (!detail::add_dependency(detail::handle_access::record_of(user), detail::handle_access::record_of(used),
                              TENURE_TAKEN_OR_NULL, why))
    detail::raise(static_cast<failure&&>(why));
}
template <detail::error_sink S>
bool depend(const module& user, const module& used, S& sink TENURE_AND_TAKEN_HERE) noexcept {
  failure why;
  const bool done = detail::add_dependency(detail::handle_access::record_of(user),
                                           detail::handle_access::record_of(used), TENURE_TAKEN_OR_NULL, why);
  detail::report_into(sink, static_cast<failure&&>(why));
  return done;
}

} // namespace TENURE_HANDLES

#endif
