// Class objects by name, as a server offers them: registered, published, revoked, cut off.
#ifndef TENURE_CLASS_TABLE_HPP
#define TENURE_CLASS_TABLE_HPP

#include <tenure/module.hpp>

namespace tenure::inline v1 {

// One registration: unlike any other of its table, ever.
struct registration {
  std::uint64_t number = 0; // zero is none
  friend bool operator==(const registration&, const registration&) = default;
};

// How a class is offered.
struct class_options {
  bool suspended = false;  // not found before resume() (COM: REGCLS_SUSPENDED)
  bool single_use = false; // found once (COM: REGCLS_SINGLEUSE); it must be revoked all the same
};

namespace detail {
struct class_table_data;
struct connection;
[[nodiscard]] TENURE_API class_table_data* make_class_table(failure& why) noexcept;
TENURE_API void end_class_table(class_table_data* t) noexcept;
[[nodiscard]] TENURE_API registration add_class(class_table_data& t, const char* name, record* owner,
                                                void* object, class_options options, const code_location* taken,
                                                failure& why) noexcept;
TENURE_API bool revoke_class(class_table_data& t, registration r, bool disconnect, failure& why) noexcept;
TENURE_API bool lock_class(class_table_data& t, registration r, bool lock, bool last_releases,
                           failure& why) noexcept;
TENURE_API void resume_classes(class_table_data& t) noexcept;
TENURE_API void suspend_classes(class_table_data& t) noexcept;
// With a share of the connection, one use of the server, and a reference to the owner.
[[nodiscard]] TENURE_API connection* find_class(class_table_data& t, const char* name, record*& owner,
                                                failure& why) noexcept;
[[nodiscard]] TENURE_API void* object_of(const connection& c, failure& why) noexcept;
TENURE_API void drop_connection(connection* c) noexcept;
[[nodiscard]] TENURE_API bool is_stopping(const class_table_data& t) noexcept;
} // namespace detail
} // namespace tenure::inline v1

namespace TENURE_HANDLES {

// A client's connection to a class object: holds its module and counts as a use of the server.
// Obtained from: class_table::find; a move. May outlive the table. Threads: as a pointer.
template <class T> class class_object {
public:
  class_object() noexcept = default;
  // The library's: see class_table::find.
  class_object(module owner, detail::connection* c) noexcept
      : owner_(static_cast<module&&>(owner))
      , connection_(c) {
    TENURE_IF_TRACKED(detail::relabel_holder(&owner_, holder_kind::class_object);)
  }
  class_object(class_object&& other) noexcept
      : owner_(static_cast<module&&>(other.owner_))
      , connection_(other.connection_) {
    other.connection_ = nullptr;
  }
  class_object& operator=(class_object&& other) noexcept {
    class_object taken(static_cast<class_object&&>(other));
    detail::connection* const c = connection_;
    connection_ = taken.connection_;
    taken.connection_ = c;
    swap(owner_, taken.owner_);
    return *this;
  }
  ~class_object() {
    if (connection_ != nullptr) detail::drop_connection(connection_);
  }
  explicit operator bool() const noexcept { return connection_ != nullptr; }
  // Errors: object_disconnected, empty_handle. A call that is on its way when it is cut off ends safely.
  T* operator->() const { return get(); }
  // As operator->, whose errors it has.
  [[nodiscard]] T* get() const {
    failure why;
    if (connection_ == nullptr) detail::set_failure(why, errc::empty_handle, "", "");
    void* const object = connection_ != nullptr ? detail::object_of(*connection_, why) : nullptr;
    if (why) detail::raise(static_cast<failure&&>(why));
    return static_cast<T*>(object);
  }

private:
  module owner_; // released after the connection
  detail::connection* connection_ = nullptr;
};

// The classes of one context. The table holds the modules of its classes; its end revokes what is left.
// When the last connection goes, the table stops in the same step: from then on nothing is found, so that
// nobody gets an object of a server that is about to end (C-H13: between "count zero" and "revoke" there was
// a gap). A table that nobody has used yet does not stop. When not to use it: where a module's factories
// (tenure::make) are enough; this is for servers with a life of their own. Model: CoRegisterClassObject and
// its family, as far as one process goes (C-B15, 17, 20). Threads: any, at any time.
class class_table {
public:
  // Errors: out_of_memory.
  class_table() {
    failure why;
    data_ = detail::make_class_table(why);
    if (data_ == nullptr) detail::raise(static_cast<failure&&>(why));
  }
  class_table(const class_table&) = delete;
  class_table& operator=(const class_table&) = delete;
  ~class_table() { detail::end_class_table(data_); }

  // Offers `object`, which lives in or through `owner`. Errors: empty_handle, name_missing, server_stopping,
  // module_shut_down, out_of_memory.
  template <class T>
  registration add(const char* name, const module& owner, T* object,
                   class_options options = {} TENURE_AND_TAKEN_HERE) {
    failure why;
    const registration made = detail::add_class(*data_, name, detail::handle_access::record_of(owner), object, options,
                                                 TENURE_TAKEN_OR_NULL, why);
    if (why) detail::raise(static_cast<failure&&>(why));
    return made;
  }
  // Not found any more; connections that exist stay. Errors: registration_unknown, registration_revoked.
  void revoke(registration r) {
    checked([&](failure& why) { detail::revoke_class(*data_, r, false, why); });
  }
  // As revoke, and cuts off the connections that exist (COM: CoDisconnectObject); not after a revoke, which
  // has let go of them. Errors: as revoke.
  void disconnect(registration r) {
    checked([&](failure& why) { detail::revoke_class(*data_, r, true, why); });
  }
  // Keeps the server in use without a connection; nested. The last unlock may disconnect the object (COM:
  // CoLockObjectExternal, fLastUnlockReleases). Errors: as revoke, and server_stopping.
  void lock_external(registration r) {
    checked([&](failure& why) { detail::lock_class(*data_, r, true, false, why); });
  }
  // Ends one lock_external. Errors: as revoke, and not_locked.
  void unlock_external(registration r, bool last_releases) {
    checked([&](failure& why) { detail::lock_class(*data_, r, false, last_releases, why); });
  }
  // Publishes all that were suspended, at once (COM: CoResumeClassObjects).
  void resume() noexcept { detail::resume_classes(*data_); }
  // Hides all until resume(); connections that exist stay (COM: CoSuspendClassObjects).
  void suspend() noexcept { detail::suspend_classes(*data_); }
  // A connection. Errors: class_not_registered, name_missing, server_stopping, module_shut_down (all modules
  // that offer it), out_of_memory. Pre: T is what was added.
  template <class T> [[nodiscard]] class_object<T> find(const char* name TENURE_AND_TAKEN_HERE) {
    failure why;
    detail::record* owner = nullptr;
    detail::connection* const c = detail::find_class(*data_, name, owner, why);
    if (c == nullptr) detail::raise(static_cast<failure&&>(why));
    return class_object<T>(detail::handle_access::adopt_reference(owner TENURE_AND_TAKEN), c);
  }
  // True once the last user has gone.
  [[nodiscard]] bool stopping() const noexcept { return detail::is_stopping(*data_); }

private:
  template <class Do> static void checked(Do&& act) {
    failure why;
    act(why);
    if (why) detail::raise(static_cast<failure&&>(why));
  }
  detail::class_table_data* data_;
};

} // namespace TENURE_HANDLES

#endif
