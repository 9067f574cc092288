// An object that a module made: destroyed by the module's code, and only then, in host code, the module is
// released.
#ifndef TENURE_INSTANCE_HPP
#define TENURE_INSTANCE_HPP

#include <tenure/detail/scrubbed.hpp>
#include <tenure/module.hpp>

#include <type_traits>

namespace TENURE_HANDLES {

// The module's functions that make and destroy an object. Without `destroy` the object is deleted through its
// type, whose destructor must then be virtual, so that the module's own operator delete frees it.
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
  instance& operator=(instance&& other) noexcept(std::is_nothrow_destructible_v<T>) {
    instance taken(static_cast<instance&&>(other));
    swap(*this, taken);
    return *this;
  }
  ~instance() noexcept(std::is_nothrow_destructible_v<T>) { reset(); }

  friend void swap(instance& a, instance& b) noexcept {
    instance held(static_cast<instance&&>(a));
    a.take(b);
    b.take(held);
  }

  // Destroys the object, then releases the module. Errors: what the object's destructor throws.
  void reset() noexcept(std::is_nothrow_destructible_v<T>) {
    if (object_ == nullptr) return;
    const module last =
        static_cast<module&&>(owner_); // released at the very end, and also if the next line throws
    object_ = nullptr;
    if constexpr (std::is_nothrow_destructible_v<T>)
      destroy_whole();
    else
      detail::call_across(*detail::handle_access::record_of(last), [this] { destroy_whole(); });
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

  void destroy_whole() {
    if (destroy_ != nullptr) return destroy_(whole_, destroyer_);
    if constexpr (std::has_virtual_destructor_v<T>) delete static_cast<T*>(whole_);
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
    if constexpr (std::has_virtual_destructor_v<T>) delete static_cast<T*>(whole);
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
  }

  module owner_;
  T* object_ = nullptr;
  void* whole_ = nullptr; // as the factory returned it; object_ may be a base of it
  destroy_call* destroy_ = nullptr; // null: *whole_ is a T, and deleted
  detail::scrubbed<any_function> destroyer_; // the module's own function, null if the object is deleted
};

// Calls the module's factory and owns what it returns.
// Errors: symbol_not_found, factory_returned_null (the module is released again), module_shut_down, what the factory
// throws.
//   auto d = codec.create<decoder>("make_decoder");
//   auto e = codec.create<encoder(int)>({"make_encoder", "free_encoder"}, 9);
template <class Made, class... Args>
instance<typename detail::factory_of<Made>::type> module::create(factory_names names, Args&&... args) const {
  using made = detail::factory_of<Made>;
  using object = typename made::type;
  failure why;
  module held(*this TENURE_IF_TRACKED(, names.named_at)); // the factory runs with the module held by host code, also if *this goes meanwhile
  void* const make = held.find(names.make, detail::symbol_kind::function, why);
  void* destroy = nullptr;
  if (!why && names.destroy != nullptr) destroy = held.find(names.destroy, detail::symbol_kind::function, why);
  detail::record& of = *detail::handle_access::record_of(held);
  if (why) detail::raise(static_cast<failure&&>(why));
  const detail::call_in_flight inside(of, why);
  if (why) detail::raise(static_cast<failure&&>(why));
  object* const result = detail::call_across(of, [&] {
    return reinterpret_cast<typename made::signature*>(make)(static_cast<Args&&>(args)...);
  });
  if (result == nullptr) {
    detail::set_failure(why, errc::factory_returned_null, held.path(), names.make);
    detail::raise(static_cast<failure&&>(why));
  }
  return instance<object>(static_cast<module&&>(held), result, reinterpret_cast<void (*)()>(destroy));
}

} // namespace TENURE_HANDLES

namespace TENURE_HANDLE_DETAILS {
struct instance_access { // the way in for factory
  // An empty one if there is no object; the module is then released.
  template <class T> static instance<T> make(module&& owner, T* object, void (*destroyer)()) noexcept {
    if (object == nullptr) return {};
    return instance<T>(static_cast<module&&>(owner), object, destroyer);
  }
};
} // namespace TENURE_HANDLE_DETAILS

#endif
