// Marks a call into a module that goes through a raw pointer or a callback.
#ifndef TENURE_GUARD_HPP
#define TENURE_GUARD_HPP

#include <tenure/module.hpp>

namespace tenure::inline v1 {

// While a guard lives the module counts as used. When the outermost guard of a thread ends, the thread is at
// a safe point, and closes that waited for one are tried. When not to use it: around calls through symbol,
// api or instance: those hold the module themselves. Obtained from: module::enter(). Not copyable; it belongs
// to one scope of one thread.
//
//   { auto inside = codec.enter(); raw_callback(context); }
class [[nodiscard]] guard {
public:
  explicit guard(const module& m) noexcept
      : held_(m) {
    detail::enter_guard();
  }
  guard(const guard&) = delete;
  guard& operator=(const guard&) = delete;
  ~guard() {
    if (detail::record* const r = detail::handle_access::record_of(held_)) {
      detail::share_registry(*r); // the registry outlives the reference that is dropped next
      held_.reset();
      detail::leave_guard(r);
    } else {
      detail::leave_guard(nullptr);
    }
  }

private:
  module held_;
};

inline guard module::enter() const noexcept { return guard(*this); }

template <class F, class... Args> decltype(auto) module::call(F&& f, Args&&... args) const {
  const guard inside(*this);
  return detail::call_across(*record_, [&]() -> decltype(auto) { return f(static_cast<Args&&>(args)...); });
}

} // namespace tenure::inline v1

#endif
