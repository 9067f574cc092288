// Marks a call into a module that goes through a raw pointer or a callback.
#ifndef TENURE_GUARD_HPP
#define TENURE_GUARD_HPP

#include <tenure/module.hpp>

namespace TENURE_HANDLES {

// While a guard lives the module counts as used. When the outermost guard of a thread ends, the thread is at
// a safe point, and closes that waited for one are tried. When not to use it: around calls through symbol,
// api or instance: those hold the module themselves. Obtained from: module::enter(). Not copyable; it belongs
// to one scope of one thread.
//
//   { auto inside = codec.enter(); raw_callback(context); }
class [[nodiscard]] guard {
public:
  // Errors: module_shut_down; on a thread that is inside a guard of the module already, none.
  explicit guard(const module& m TENURE_AND_TAKEN_HERE)
      : held_(m TENURE_AND_TAKEN) {
    TENURE_IF_TRACKED(detail::relabel_holder(&held_, holder_kind::guard);)
    failure why;
    if (!enter(why)) detail::raise(static_cast<failure&&>(why));
    detail::enter_guard();
  }
  // Reports into `sink` instead, and is then a guard of nothing.
  template <detail::error_sink S>
  guard(const module& m, S& sink TENURE_AND_TAKEN_HERE) noexcept
      : held_(m TENURE_AND_TAKEN) {
    TENURE_IF_TRACKED(detail::relabel_holder(&held_, holder_kind::guard);)
    failure why;
    if (!enter(why)) held_.reset();
    detail::report_into(sink, static_cast<failure&&>(why));
    detail::enter_guard();
  }
  guard(const guard&) = delete;
  guard& operator=(const guard&) = delete;
  ~guard() {
    if (detail::record* const r = detail::handle_access::record_of(held_)) {
      detail::leave_call(*r);
      detail::share_registry(*r); // the registry outlives the reference that is dropped next
      held_.reset();
      detail::leave_guard(r);
    } else {
      detail::leave_guard(nullptr);
    }
  }

  // False for a guard of nothing.
  explicit operator bool() const noexcept { return static_cast<bool>(held_); }

private:
  friend class module;
  bool enter(failure& why) const noexcept {
    detail::record* const r = detail::handle_access::record_of(held_);
    return r == nullptr || detail::enter_call(*r, why);
  }
  module held_;
};

inline guard module::enter(TENURE_IF_TRACKED(const code_location& taken)) const {
  return guard(*this TENURE_AND_TAKEN);
}
template <detail::error_sink S>
guard module::enter(S& sink TENURE_IF_TRACKED(, const code_location& taken)) const noexcept {
  return guard(*this, sink TENURE_AND_TAKEN);
}

#if defined(TENURE_TRACK_HOLDERS)
template <class F> decltype(auto) module::call(F&& f, const code_location& taken) const {
  const guard inside(*this, taken);
  detail::relabel_holder(&inside.held_, holder_kind::call);
  return detail::call_across(*record_, [&]() -> decltype(auto) { return f(); });
}
#endif

// An empty pack and a default argument are equally good to some compilers.
template <class F, class... Args>
decltype(auto) module::call(F&& f, Args&&... args) const TENURE_IF_TRACKED(requires(sizeof...(Args) != 0)) {
  TENURE_IF_TRACKED(
      const code_location taken{"", __PRETTY_FUNCTION__, 0};) // a pack takes no default argument behind it
  const guard inside(*this TENURE_AND_TAKEN);
  TENURE_IF_TRACKED(detail::relabel_holder(&inside.held_, holder_kind::call);)
  return detail::call_across(*record_, [&]() -> decltype(auto) { return f(static_cast<Args&&>(args)...); });
}

} // namespace TENURE_HANDLES

#endif
