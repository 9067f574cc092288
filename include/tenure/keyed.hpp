// Objects by key: a number that stands for an object, and that does no harm when the object is gone.
#ifndef TENURE_KEYED_HPP
#define TENURE_KEYED_HPP

#include <tenure/detail/keyed.hpp>

namespace tenure::inline v1 {

// Stands for one object of one table, and never for another: a place and its generation. Zero is none. It may
// be kept in the object itself, as ECom's is, and be handed through C as a number.
struct key {
  std::uint64_t value = 0; // zero is none
  explicit constexpr operator bool() const noexcept { return value != 0; }
  friend constexpr bool operator==(key, key) noexcept = default;
};

// The module's functions that give a secondary interface of an object, Interface*(Object*), null if it has
// none, and take it back, void(Interface*).
struct interface_names {
  const char* get; // gives it
  const char* release = nullptr; // takes it back; null: nothing has to be
};

} // namespace tenure::inline v1

namespace TENURE_HANDLES {

// Owner of an object that also has a key. Destroying it destroys the object, unless somebody did so by its
// key. When not to use it: where nobody needs a key, an instance does. Obtained from: instance_table; a move.
// Not copyable. Threads: as an instance; what others do with the key may happen on any thread. May outlive
// its table.
template <class T> class keyed {
public:
  keyed() noexcept = default;
  keyed(keyed&& other) noexcept { swap(*this, other); }
  keyed& operator=(keyed&& other) noexcept(detail::ends_without_throwing<T>()) {
    keyed taken(static_cast<keyed&&>(other));
    swap(*this, taken);
    return *this;
  }
  ~keyed() noexcept(detail::ends_without_throwing<T>()) { reset(); }
  friend void swap(keyed& a, keyed& b) noexcept {
    detail::keyed_state* const s = a.state_;
    T* const o = a.object_;
    const tenure::key k = a.key_;
    a.state_ = b.state_;
    a.object_ = b.object_;
    a.key_ = b.key_;
    b.state_ = s;
    b.object_ = o;
    b.key_ = k;
  }

  // Destroys the object, unless it is gone already. Errors: what its destructor throws.
  void reset() noexcept(detail::ends_without_throwing<T>()) {
    const shared last(state_);
    state_ = nullptr;
    object_ = nullptr;
    if (last.state != nullptr) detail::destroy_object(*last.state, key_.value);
  }
  // Lets go of the object: from now on the key alone says when it ends, or the table's end.
  tenure::key release() noexcept {
    const shared last(state_);
    state_ = nullptr;
    object_ = nullptr;
    if (last.state != nullptr) detail::leave_to_table(*last.state, key_.value);
    return key_;
  }

  // Pre for the three: nobody has destroyed the object by its key.
  [[nodiscard]] T* get() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  // Stays what it was when the object is gone.
  [[nodiscard]] tenure::key key() const noexcept { return key_; }
  // Empty once the object is gone.
  [[nodiscard]] module owner(TENURE_TAKEN_HERE) const noexcept {
    detail::record* const r = state_ != nullptr ? detail::owner_of_key(*state_, key_.value) : nullptr;
    return detail::handle_access::adopt_reference(r TENURE_AND_TAKEN);
  }

private:
  friend class instance_table;
  struct shared { // takes over a share of the table
    detail::keyed_state* state;
    explicit shared(detail::keyed_state* s) noexcept
        : state(s) {}
    shared(const shared&) = delete;
    shared& operator=(const shared&) = delete;
    ~shared() {
      if (state != nullptr) detail::unshare_keyed(*state);
    }
  };
  keyed(detail::keyed_state& s, T* object, tenure::key k) noexcept
      : state_(&s)
      , object_(object)
      , key_(k) {
    detail::share_keyed(s);
  }

  detail::keyed_state* state_ = nullptr;
  T* object_ = nullptr;
  tenure::key key_;
};

// Objects by their keys (Symbian: REComSession's instances). Null, stale and repeated keys do no harm, and
// every call says so by an errc, which may be ignored: key_null, key_stale, key_unknown. When not to use it:
// where every object has one owner that knows its type; instance<T> costs no table. Obtained from: its
// constructor; a move. Destroying it destroys the objects that were released to it; those that a keyed<T>
// owns stay with that. Any number of tables may be used with a manager, for example one per thread. Threads:
// every call from any thread at the same time, and from inside a module; not while it is destroyed or moved.
//
//   tenure::instance_table objects;
//   auto d = objects.create<decoder>(codec, "make_decoder"); // owned by d, and known by d.key()
class instance_table {
public:
  // Errors: out_of_memory.
  instance_table() {
    failure why;
    state_ = detail::make_keyed(why);
    if (state_ == nullptr) detail::raise(static_cast<failure&&>(why));
  }
  instance_table(instance_table&& other) noexcept
      : state_(other.state_) {
    other.state_ = nullptr;
  }
  instance_table& operator=(instance_table&& other) noexcept {
    detail::keyed_state* const mine = state_;
    state_ = other.state_;
    other.state_ = mine;
    return *this;
  }
  ~instance_table() {
    if (state_ == nullptr) return;
    detail::end_keyed(*state_);
    detail::unshare_keyed(*state_);
  }

  // As module::create, whose errors it has; name_missing. A create that fails, wherever, leaves nothing: the
  // place is taken first.
  template <class Made, class... Args>
  [[nodiscard]] keyed<typename detail::factory_of<Made>::type> create(const module& from, factory_names names,
                                                                      Args&&... args) const {
    using object = typename detail::factory_of<Made>::type;
    failure why;
    detail::place_for_object place(*state_, names.make, why);
    if (why) detail::raise(static_cast<failure&&>(why));
    instance<object> made = from.create<Made>(names, static_cast<Args&&>(args)...);
    object* const address = made.get();
    const key k{place.fill(detail::keyed_access::take_apart(static_cast<instance<object>&&>(made)),
                           names.place())};
    return keyed<object>(*state_, address, k);
  }

  // Destroys the object: its interfaces are released, its module destroys it, then the module is released.
  // Errors: also what the object's destructor throws.
  errc destroy(key k) const { return detail::destroy_object(*state_, k.value); }
  // Reports that the object destroys itself (REComSession::DestroyedImplementation): its interfaces are
  // released, then its module, and nobody will destroy it any more. From its own code, as ECom has it: the
  // module stays until that has returned.
  errc destroyed(key k) const noexcept { return detail::note_destroyed(*state_, k.value); }

  // The object, if it is alive and was created as a T; else null.
  template <class T> [[nodiscard]] T* find(key k) const noexcept {
    void* object = nullptr;
    static_cast<void>(detail::look_at_key(*state_, k.value, &detail::type_mark<T>, object));
    return static_cast<T*>(object);
  }
  // ok while it is alive.
  [[nodiscard]] errc look(key k) const noexcept {
    void* object = nullptr;
    return detail::look_at_key(*state_, k.value, nullptr, object);
  }
  // What made it, while it is alive: its module, else an empty handle; the factory's name, else "".
  [[nodiscard]] module owner(key k TENURE_AND_TAKEN_HERE) const noexcept {
    return detail::handle_access::adopt_reference(detail::owner_of_key(*state_, k.value) TENURE_AND_TAKEN);
  }
  // The name of the factory's function while the object is alive, else "".
  [[nodiscard]] const char* factory(key k) const noexcept { return detail::factory_of_key(*state_, k.value); }
  // How many objects are alive.
  [[nodiscard]] std::uint32_t size() const noexcept { return detail::objects_of(*state_); }

  // A secondary interface of an object (ECom: GetExtendedInterfaceL), released by release_interface or,
  // before the object is destroyed, by itself; never twice. Errors: key_null, key_stale, key_unknown,
  // key_of_another_type, interface_not_found (also for a function that the module lacks), module_shut_down,
  // out_of_memory; what the module throws.
  template <class Interface, class Object>
  [[nodiscard]] Interface* get_interface(key k, interface_names names) const {
    failure why;
    auto* const found = get_interface<Interface, Object>(k, names, why);
    if (why) detail::raise(static_cast<failure&&>(why));
    return found;
  }
  template <class Interface, class Object, detail::error_sink S>
  [[nodiscard]] Interface* get_interface(key k, interface_names names, S& sink) const {
    failure why;
    Interface* found = nullptr;
    detail::interface_request ask;
    if (detail::begin_interface(*state_, k.value, &detail::type_mark<Object>, names, ask, why)) {
      detail::record& of = *ask.owner;
      const detail::call_in_flight inside(of, why);
      if (!why)
        found = detail::call_across(of, [&] {
          return reinterpret_cast<Interface* (*)(Object*)>(ask.get)(static_cast<Object*>(ask.object));
        });
      if (!why && !detail::add_interface(*state_, k.value, ask, found, release_as<Interface>, why))
        found = nullptr;
    }
    detail::report_into(sink, static_cast<failure&&>(why));
    return found;
  }
  // interface_not_found if it is released already, or never was this object's.
  template <class Interface> errc release_interface(key k, Interface* offered) const {
    return detail::release_interface(*state_, k.value, offered);
  }

private:
  template <class Interface> static void release_as(void* offered, detail::any_function* release) {
    reinterpret_cast<void (*)(Interface*)>(release)(static_cast<Interface*>(offered));
  }

  detail::keyed_state* state_ = nullptr;
};

} // namespace TENURE_HANDLES

#endif
