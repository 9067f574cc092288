// Makes objects of one kind: the module's functions are looked up once, and the module is held only while
// objects live.
#ifndef TENURE_FACTORY_HPP
#define TENURE_FACTORY_HPP

#include <tenure/detail/scrubbed.hpp>
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
  // Errors: symbol_not_found, symbol_kind_mismatch, empty_handle, name_missing (as module::create).
  factory(const module& m, factory_names names) TENURE_IF_TRACKED(:taken_(names.named_at)) {
    failure why;
    bind(m, names, why);
    if (why) detail::raise(static_cast<failure&&>(why));
  }
  // The same; one that makes nothing comes with its reason.
  template <detail::error_sink S>
  factory(const module& m, factory_names names, S& sink) TENURE_IF_TRACKED(:taken_(names.named_at)) {
    failure why = detail::failure_for<S>();
    bind(m, names, why);
    detail::report_into(sink, static_cast<failure&&>(why));
  }

  // An object; none if the module has been unloaded or shut down since, or its function gave none (lock(sink)
  // says which). A shutdown that begins meanwhile does not wait for it, as it waits for module::create: that
  // would cost each object two atomic operations. The object holds the module all the same. Errors: what the
  // factory function throws.
  template <class... Args> [[nodiscard]] instance<object> create(Args&&... args) const {
    module held = module_.lock(TENURE_IF_TRACKED(taken_));
    if (!held) return {};
    typename made::signature* const make =
        reinterpret_cast<typename made::signature*>(static_cast<any_function*>(make_));
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
  // All of it or nothing.
  void bind(const module& m, const factory_names& names, failure& why) {
    const auto make = m.symbol<any_function>(names.make, why);
    if (why) return;
    if constexpr (!detail::can_be_deleted<object>())
      if (names.destroy == nullptr)
        detail::tell_no_destroyer(*detail::handle_access::record_of(m), names.make, why);
    tenure::symbol<any_function> destroy;
    if (!why && names.destroy != nullptr) destroy = m.symbol<any_function>(names.destroy, why);
    if (why) return;
    module_ = m;
    make_ = make.get();
    destroy_ = destroy.get();
  }

  weak_module module_;
  detail::masked<any_function> make_; // these two are the module's: only called while it is held
  detail::masked<any_function> destroy_;
  TENURE_IF_TRACKED(code_location taken_;) // of this factory: create() has no place for another one
};

} // namespace TENURE_HANDLES

#endif
