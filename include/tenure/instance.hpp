// An object that a module made: destroyed by the module's code, and only then, in host code, the module is
// released.
#ifndef TENURE_INSTANCE_HPP
#define TENURE_INSTANCE_HPP

#include <tenure/detail/scrubbed.hpp>
#include <tenure/module.hpp>

#include <type_traits>

namespace TENURE_HANDLES {

// The module's functions that make and destroy an object. Without `destroy` the object is deleted through its
// type, whose destructor must then be virtual, so that the module's own operator delete frees it. A type of
// which the host knows only the name, as C's interfaces have them, needs it.
struct factory_names {
  const char* make; // makes one
  const char* destroy = nullptr; // destroys one; null: it is deleted
  TENURE_IF_TRACKED(code_location named_at;)
  // From one name or two; the texts outlive it, as literals do.
  constexpr factory_names(const char* make_name, const char* destroy_name = nullptr TENURE_AND_TAKEN_HERE) noexcept // NOLINT
      : make(make_name)
      , destroy(destroy_name) TENURE_IF_TRACKED(, named_at(taken)) {}
  // Null where holders are not tracked.
  [[nodiscard]] constexpr const code_location* place() const noexcept {
    TENURE_IF_TRACKED(return &named_at;)
    return nullptr;
  }
};

} // namespace TENURE_HANDLES

namespace tenure::inline v1::detail {

// create<decoder> calls decoder*(); create<decoder(int, const char*)> calls decoder*(int, const char*).
template <class T> struct factory_of {
  using type = T;
  using signature = T*();
};
template <class T, class... Params> struct factory_of<T(Params...)> {
  using type = T;
  using signature = T*(Params...);
};

// Of a type of which only the name is known neither can be asked. It must stay so in all of the program's files.
template <class T> constexpr bool can_be_deleted() noexcept {
  if constexpr (requires { sizeof(T); }) return std::has_virtual_destructor_v<T>;
  return false;
}
// True as well for one of which only the name is known: a function of C's ends it.
template <class T> constexpr bool ends_without_throwing() noexcept {
  if constexpr (requires { sizeof(T); }) return std::is_nothrow_destructible_v<T>;
  return true;
}
} // namespace tenure::inline v1::detail

namespace TENURE_HANDLE_DETAILS {
struct instance_access; // below
struct factory_access;  // make.hpp
struct keyed_access;    // detail/keyed.hpp
} // namespace TENURE_HANDLE_DETAILS

namespace TENURE_HANDLES {

// Sole owner of an object of type T, with a reference to the module whose code it needs.
// When not to use it: for objects that the host allocates; a std::unique_ptr beside a module does.
// Obtained from: module::create; a move; a conversion from instance<Derived>. Not copyable.
// Moving counts nothing. Destroying calls the module, then drops its reference from host code, also if the
// destructor throws (ECom left that to the object, and died of what ran after it: E-H1 to E-H4). Threads: as
// a std::unique_ptr.
template <class T> class instance {
public:
  instance() noexcept = default;
  instance(instance&& other) noexcept { take(other); }
  template <class U>
  // From an instance of a derived class; the object is destroyed as what it is.
  requires std::is_convertible_v<U*, T*> instance(instance<U>&& other)
  noexcept { // NOLINT(google-explicit-constructor): as std::unique_ptr
    take(other);
  }
  instance& operator=(instance&& other) noexcept(detail::ends_without_throwing<T>()) {
    instance taken(static_cast<instance&&>(other));
    swap(*this, taken);
    return *this;
  }
  // As reset(): the members go after the object, the module last of them.
  ~instance() noexcept(detail::ends_without_throwing<T>()) {
    if (object_ != nullptr) end_object(owner_);
  }

  friend void swap(instance& a, instance& b) noexcept {
    instance held(static_cast<instance&&>(a));
    a.take(b);
    b.take(held);
  }

  // Destroys the object, then releases the module. Errors: what the object's destructor throws.
  void reset() noexcept(detail::ends_without_throwing<T>()) {
    if (object_ == nullptr) return;
    const module last =
        static_cast<module&&>(owner_); // released at the very end, and also if the next line throws
    end_object(last);
  }

  // The object; null if there is none.
  [[nodiscard]] T* get() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  [[nodiscard]] const module& owner() const noexcept { return owner_; }

private:
  template <class U> friend class instance;
  friend class module;
  friend struct detail::instance_access;
  friend struct detail::keyed_access;
  friend struct detail::factory_access;
  using any_function = void();
  using destroy_call = void(void* whole, any_function* destroyer);

  instance(module owner, T* object, any_function* destroyer) noexcept
      : owner_(static_cast<module&&>(owner))
      , object_(object)
      , whole_(object)
      , destroy_(destroyer != nullptr ? call_destroyer : nullptr)
      , destroyer_(destroyer) {
    TENURE_IF_TRACKED(detail::relabel_holder(&owner_, holder_kind::instance);)
  }

  // Pre: there is one; `held` is its module, for as long as this takes.
  void end_object(const module& held) noexcept(detail::ends_without_throwing<T>()) {
    object_ = nullptr;
    if constexpr (detail::ends_without_throwing<T>())
      destroy_whole();
    else
      detail::call_across(*detail::handle_access::record_of(held), [this] { destroy_whole(); });
  }
  // What stands here must not look like somebody who may still call the module (scrubbed.hpp).
  void destroy_whole() {
    any_function* const destroyer = destroyer_;
    destroyer_ = nullptr;
    if (destroy_ != nullptr) return destroy_(whole_, destroyer);
    if constexpr (detail::can_be_deleted<T>()) delete static_cast<T*>(whole_);
  }
  instance(module owner, T* object, void (*destroyer)(void*)) noexcept // of an object that was handed over as void*
      : owner_(static_cast<module&&>(owner))
      , object_(object)
      , whole_(object)
      , destroy_([](void* whole, any_function* f) { reinterpret_cast<void (*)(void*)>(f)(whole); })
      , destroyer_(reinterpret_cast<any_function*>(destroyer)) {
    TENURE_IF_TRACKED(detail::relabel_holder(&owner_, holder_kind::instance);)
  }

  static void call_delete(void* whole, any_function*) {
    if constexpr (detail::can_be_deleted<T>()) delete static_cast<T*>(whole);
  }
  static void call_destroyer(void* whole, any_function* destroyer) {
    reinterpret_cast<void (*)(T*)>(destroyer)(static_cast<T*>(whole));
  }
  template <class U> void take(instance<U>& other) noexcept {
    owner_ = static_cast<module&&>(other.owner_);
    object_ = other.object_;
    whole_ = other.whole_;
    destroy_ = other.destroy_;
    if constexpr (!std::is_same_v<T, U>)
      if (destroy_ == nullptr) destroy_ = instance<U>::call_delete; // as what it is, not as what it is taken for
    destroyer_ = other.destroyer_;
    other.object_ = nullptr;
    other.destroyer_ = nullptr;
  }

  module owner_;
  T* object_ = nullptr;
  void* whole_ = nullptr; // as the factory returned it; object_ may be a base of it
  destroy_call* destroy_ = nullptr; // null: *whole_ is a T, and deleted
  detail::scrubbed<any_function> destroyer_; // the module's own function, null if the object is deleted
};

} // namespace TENURE_HANDLES

namespace TENURE_HANDLE_DETAILS {
struct instance_access { // the way in for those that make objects
  // An empty one if there is no object; the module is then released.
  template <class T> static instance<T> make(module&& owner, T* object, void (*destroyer)()) noexcept {
    if (object == nullptr) return {};
    return instance<T>(static_cast<module&&>(owner), object, destroyer);
  }

  // By the module's function; an empty one and `why`. `held`: host code holds the module while its factory runs.
  template <class Made, class... Args>
  static instance<typename factory_of<Made>::type> create(module held, const factory_names& names, failure& why,
                                                          Args&&... args) {
    using object = typename factory_of<Made>::type;
    record* const of = handle_access::record_of(held);
    if (of == nullptr) return set_failure(why, errc::empty_handle, "", names.make), instance<object>();
    void* const make = find_symbol(*of, names.make, symbol_kind::function, why);
    if constexpr (!can_be_deleted<object>())
      if (!why && names.destroy == nullptr) tell_no_destroyer(*of, names.make, why);
    void* destroy = nullptr;
    if (!why && names.destroy != nullptr) destroy = find_symbol(*of, names.destroy, symbol_kind::function, why);
    if (why) return {};
    const call_in_flight inside(*of, why);
    if (why) return {};
    object* const made = call_across(*of, [&] {
      return reinterpret_cast<typename factory_of<Made>::signature*>(make)(static_cast<Args&&>(args)...);
    });
    if (made == nullptr) set_failure(why, errc::factory_returned_null, path_of(*of), names.make);
    return instance_access::make<object>(static_cast<module&&>(held), made, reinterpret_cast<void (*)()>(destroy));
  }
};
} // namespace TENURE_HANDLE_DETAILS

namespace TENURE_HANDLES {

// Calls the module's factory and owns what it returns.
// Errors: symbol_not_found, factory_returned_null (the module is released again), name_missing (no function that destroys
// the object, whose type has no virtual destructor), module_shut_down, what the factory throws.
//   auto d = codec.create<decoder>("make_decoder");
//   auto e = codec.create<encoder(int)>({"make_encoder", "free_encoder"}, 9);
template <class Made, class... Args>
instance<typename detail::factory_of<Made>::type> module::create(factory_names names, Args&&... args) const {
  failure why;
  auto made = detail::instance_access::create<Made>(module(*this TENURE_IF_TRACKED(, names.named_at)), names, why,
                                                    static_cast<Args&&>(args)...);
  if (why) detail::raise(static_cast<failure&&>(why));
  return made;
}
template <class Made, detail::error_sink S, class... Args>
instance<typename detail::factory_of<Made>::type> module::create(factory_names names, S& sink,
                                                                 Args&&... args) const {
  failure why = detail::failure_for<S>();
  auto made = detail::instance_access::create<Made>(module(*this TENURE_IF_TRACKED(, names.named_at)), names, why,
                                                    static_cast<Args&&>(args)...);
  detail::report_into(sink, static_cast<failure&&>(why));
  return made;
}

} // namespace TENURE_HANDLES

#endif
