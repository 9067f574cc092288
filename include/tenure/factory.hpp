// Makes objects of one kind: the module's functions are looked up once, and the module is held only while
// objects live.
#ifndef TENURE_FACTORY_HPP
#define TENURE_FACTORY_HPP

#include <tenure/instance.hpp>
#include <tenure/symbol.hpp>

namespace TENURE_HANDLES {

// Refers to its module as a weak_module does: between objects the module is idle, and the policy may let it
// go. When not to use it: for objects that are made once; module::create does. Where the module should stay,
// keep a handle, too. Obtained from: a module and the names of its functions; a copy, a move. Threads: as an
// int for itself; create() may be called from any thread.
//
//   tenure::factory<decoder> decoders(modules.open("plugins/flac"), "make_decoder");
//   if (auto d = decoders.create()) d->decode("song.flac");
template <class Made> class factory {
  using made = detail::factory_of<Made>;

public:
  // What it makes.
  using object = typename made::type;

  factory() noexcept = default;
  // Errors: symbol_not_found, symbol_kind_mismatch, empty_handle.
  factory(const module& m, factory_names names)
      : module_(m)
      , make_(function_of(m, names.make))
      , destroy_(names.destroy != nullptr ? function_of(m, names.destroy) : nullptr) TENURE_IF_TRACKED(, taken_(names.named_at)) {}

  // An object; none if the module has been unloaded or shut down since, or its function gave none (lock(sink)
  // says which). A shutdown that begins meanwhile does not wait for it, as it waits for module::create: that
  // would cost each object two atomic operations. The object holds the module all the same. Errors: what the
  // factory function throws.
  template <class... Args> [[nodiscard]] instance<object> create(Args&&... args) const {
    module held = module_.lock(TENURE_IF_TRACKED(taken_));
    if (!held) return {};
    typename made::signature* const make = reinterpret_cast<typename made::signature*>(make_);
    object* const result = detail::call_across(*detail::handle_access::record_of(held),
                                               [&] { return make(static_cast<Args&&>(args)...); });
    return detail::instance_access::make<object>(static_cast<module&&>(held), result, destroy_);
  }

  // The module, if it is still loaded: its name and path are there.
  [[nodiscard]] module lock(TENURE_TAKEN_HERE) const noexcept { return module_.lock(TENURE_TAKEN); }
  // The same, and why create() gives none. Errors: not_loaded, module_shut_down, empty_handle.
  template <detail::error_sink S> [[nodiscard]] module lock(S& sink TENURE_AND_TAKEN_HERE) const noexcept {
    return module_.lock(sink TENURE_AND_TAKEN);
  }

private:
  using any_function = void();
  static any_function* function_of(const module& m, const char* name) {
    return m.symbol<any_function>(name).get();
  }

  weak_module module_;
  any_function* make_ = nullptr; // these two are the module's: only called while it is held
  any_function* destroy_ = nullptr;
  TENURE_IF_TRACKED(code_location taken_;) // of this factory: create() has no place for another one
};

} // namespace TENURE_HANDLES

#endif
