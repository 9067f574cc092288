// A function or a variable of a module, together with a reference that keeps the module loaded.
#ifndef TENURE_SYMBOL_HPP
#define TENURE_SYMBOL_HPP

#include <tenure/detail/scrubbed.hpp>
#include <tenure/module.hpp>

#include <type_traits>

namespace TENURE_HANDLES {

// `symbol<int(const char*)>` for a function, `symbol<int>` for a variable.
// When not to use it: for a struct of many functions; api<> binds them at once and holds one reference, not
// many. Obtained from: module::symbol<F>(name); a copy. Copying counts one reference, moving none. Threads:
// as a pointer; the module behind it is shared by any number of threads.
template <class F> class symbol {
public:
  symbol() noexcept = default;
  // Of an address in a module. Pre: it lies there.
  symbol(module owner, F* target) noexcept
      : owner_(static_cast<module&&>(owner))
      , target_(target) {
    TENURE_IF_TRACKED(detail::relabel_holder(&owner_, holder_kind::symbol);)
  }
  symbol(symbol&& other) noexcept
      : owner_(static_cast<module&&>(other.owner_))
      , target_(other.target_) {
    other.target_ = nullptr;
  }
  // The module that it held before is let go last.
#if defined(TENURE_TRACK_HOLDERS)
  symbol(const symbol& other TENURE_AND_TAKEN_HERE) noexcept
      : symbol(module(other.owner_, taken), other.target_) {}
  symbol& operator=(symbol other) noexcept {
    swap(*this, other);
    return *this;
  }
  symbol& operator=(decltype(nullptr)) noexcept { return *this = symbol(); } // for `= {}`, see module
#else
  symbol(const symbol&) noexcept = default;
  symbol& operator=(const symbol& other) noexcept {
    symbol copy(other);
    swap(*this, copy);
    return *this;
  }
  symbol& operator=(symbol&& other) noexcept {
    symbol taken(static_cast<symbol&&>(other));
    swap(*this, taken);
    return *this;
  }
#endif
  ~symbol() = default;

  friend void swap(symbol& a, symbol& b) noexcept {
    swap(a.owner_, b.owner_);
    F* const held = a.target_;
    a.target_ = b.target_;
    b.target_ = held;
  }

  // Calls the function: the same machine instructions as through a function pointer.
  // Pre: not empty; F is the function's real type (the loader cannot check that).
  template <class... Args>
  requires std::is_function_v<F>
  decltype(auto) operator()(Args&&... args) const noexcept(std::is_nothrow_invocable_v<F&, Args...>) {
    return get()(static_cast<Args&&>(args)...);
  }

  [[nodiscard]] F& operator*() const noexcept { return *target_; }
  [[nodiscard]] F* operator->() const noexcept requires(!std::is_function_v<F>) { return target_; }
  // The bare address: valid while this symbol, or any other reference to the module, lives.
  [[nodiscard]] F* get() const noexcept { return target_; }
  [[nodiscard]] const module& owner() const noexcept { return owner_; }
  explicit operator bool() const noexcept { return get() != nullptr; }

private:
  module owner_;
  detail::scrubbed<F> target_;
};

template <class F> symbol<F> module::symbol(name_view name TENURE_IF_TRACKED(, const code_location& taken)) const {
  return symbol_at<F>(find_or_raise(name, detail::kind_of<F>()) TENURE_AND_TAKEN);
}

template <class F, detail::error_sink S> symbol<F> module::symbol(name_view name, S& sink TENURE_IF_TRACKED(, const code_location& taken)) const {
  failure why = detail::failure_for<S>();
  void* const address = find(name, detail::kind_of<F>(), why);
  detail::report_into(sink, static_cast<failure&&>(why));
  return symbol_at<F>(address TENURE_AND_TAKEN);
}

template <class F> symbol<F> module::symbol_at(void* address TENURE_IF_TRACKED(, const code_location& taken)) const noexcept {
  if (address == nullptr) return {};
  if constexpr (std::is_function_v<F>)
    return {module(*this TENURE_AND_TAKEN), reinterpret_cast<F*>(address)};
  else
    return {module(*this TENURE_AND_TAKEN), static_cast<F*>(address)};
}

} // namespace TENURE_HANDLES

#endif
