// A symbol that is remembered without keeping its module loaded.
#ifndef TENURE_CACHED_SYMBOL_HPP
#define TENURE_CACHED_SYMBOL_HPP

#include <tenure/detail/scrubbed.hpp>
#include <tenure/symbol.hpp>

namespace TENURE_HANDLES {

// For caches of factories and other entry points: an uncounted pointer there dangles, a counted one keeps the
// module for ever (C-B13, C-H10). This one gives the symbol back while the very same load of the module is
// there, and nothing else ever: after an unload, also after a reload, it is empty. When not to use it: for
// what is called all the time; a symbol costs nothing per call, a lock() a compare-exchange. Obtained from: a
// symbol; a copy. Threads: as a pointer; lock() from any thread.
//
//   tenure::cached_symbol<class_factory()> factory = codec.symbol<class_factory()>("factory");
//   if (auto make = factory.lock()) make();
template <class F> class cached_symbol {
public:
  cached_symbol() noexcept = default;
  // Remembers what was found; holds nothing.
  cached_symbol(const symbol<F>& found) noexcept // NOLINT(google-explicit-constructor): as std::weak_ptr
      : owner_(found.owner())
      , target_(found.get()) {}

  // The symbol, with a reference; empty if its module is gone. Revives a module that is idle. Never loads.
  [[nodiscard]] symbol<F> lock(TENURE_TAKEN_HERE) const noexcept {
    module owner = owner_.lock(TENURE_TAKEN);
    if (!owner) return {};
    return {static_cast<module&&>(owner), target_};
  }
  // The same; an empty symbol comes with its reason. Errors: not_loaded, module_shut_down, empty_handle.
  template <detail::error_sink S> [[nodiscard]] symbol<F> lock(S& sink TENURE_AND_TAKEN_HERE) const noexcept {
    module owner = owner_.lock(sink TENURE_AND_TAKEN);
    if (!owner) return {};
    return {static_cast<module&&>(owner), target_};
  }
  // Forgets it, before an unload or at any time.
  void clear() noexcept { *this = cached_symbol(); }

private:
  weak_module owner_;
  detail::masked<F> target_;
};

} // namespace TENURE_HANDLES

#endif
