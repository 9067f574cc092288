// A counted lock that keeps a module resident without using it.
#ifndef TENURE_PIN_HPP
#define TENURE_PIN_HPP

#include <tenure/module.hpp>

namespace TENURE_HANDLES {

// Model: COM's IClassFactory::LockServer, as a value: it cannot be unbalanced.
// When not to use it: to call into the module; a pinned module may be idle, and a pin gives no access to it.
// Obtained from: module::pin(); a copy, which pins once more. Threads: as an int; pins may be dropped on any
// thread.
class pin {
public:
  pin() noexcept = default;
  pin(const pin& other TENURE_AND_TAKEN_HERE) noexcept
      : record_(other.record_) {
    if (record_ != nullptr) detail::pin_module(*record_);
    TENURE_IF_TRACKED(if (record_ != nullptr) detail::note_holder(this, *record_, holder_kind::pin, taken);)
  }
  pin(pin&& other) noexcept
      : record_(other.record_) {
    other.record_ = nullptr;
    TENURE_IF_TRACKED(if (record_ != nullptr) detail::move_holder(this, &other);)
  }
  pin& operator=(pin other) noexcept { // by value: the copy is made in the caller's line
    swap(*this, other);
    return *this;
  }
  // Effect: as reset(); also of `= {}`, see module.
  pin& operator=(decltype(nullptr)) noexcept {
    reset();
    return *this;
  }
  // Effect: if it was the last pin and the module is idle, the policy decides from now on. May close the
  // module.
  ~pin() {
    TENURE_IF_TRACKED(if (record_ != nullptr) detail::forget_holder(this);)
    if (record_ != nullptr) detail::unpin_module(*record_);
  }
  friend void swap(pin& a, pin& b) noexcept {
    detail::record* const r = a.record_;
    a.record_ = b.record_;
    b.record_ = r;
    TENURE_IF_TRACKED(detail::swap_holders(&a, &b);)
  }
  // Effect: as destroying the pin; afterwards it is empty.
  void reset() noexcept { const pin gone(static_cast<pin&&>(*this)); }
  explicit operator bool() const noexcept { return record_ != nullptr; }

private:
  friend class module;
  explicit pin(detail::record* r TENURE_AND_TAKEN_HERE) noexcept
      : record_(r) {
    TENURE_IF_TRACKED(detail::note_holder(this, *r, holder_kind::pin, taken);)
  }
  detail::record* record_ = nullptr;
};

inline pin module::pin(TENURE_IF_TRACKED(const code_location& taken)) const {
  failure why;
  tenure::pin made = pin(why TENURE_AND_TAKEN);
  if (why) detail::raise(static_cast<failure&&>(why));
  return made;
}
template <detail::error_sink S>
pin module::pin(S& sink TENURE_IF_TRACKED(, const code_location& taken)) const noexcept {
  failure why;
  const bool pinned = record_ != nullptr && detail::try_pin_module(*record_, why);
  detail::report_into(sink, static_cast<failure&&>(why));
  return pinned ? tenure::pin(record_ TENURE_AND_TAKEN) : tenure::pin();
}

} // namespace TENURE_HANDLES

#endif
