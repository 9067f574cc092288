#include <tenure/class_table.hpp>

#include "calls.hpp"
#include "holder_notes.hpp"
#include "sync.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace tenure::inline v1::detail {

// What the clients of one registration share.
struct connection {
  std::uint32_t owners;    // see share: the registration, and each client
  void* object;            // null once it is cut off; published
  class_table_data* table; // by a share
};

namespace {

struct offered_class {
  registration number;
  std::string name;
  module owner;
  connection* shared;
  class_options options;
  bool used_up = false;
  std::uint32_t locks = 0;
};

} // namespace

struct class_table_data {
  std::uint32_t owners = 1;  // see share: the table, and each connection
  mutable sync::mutex mutex; // a leaf: modules are let go after it
  std::vector<offered_class> classes;
  std::uint64_t first = 0; // registrations of this table begin behind this
  std::uint64_t last = 0;
  std::uint32_t users = 0; // connections and external locks
  bool suspended = false;
  bool stopping = false; // set in the very step in which `users` becomes 0
};

namespace {

// No two tables have a number in common; a table makes fewer than 2^32.
std::uint32_t tables_made = 0;

void drop_table(class_table_data* t) noexcept {
  if (unshare(t->owners)) delete t;
}

void drop_share(connection* c) noexcept {
  class_table_data* const t = c->table;
  if (!unshare(c->owners)) return;
  delete c;
  drop_table(t);
}

void drop_user_locked(class_table_data& t) noexcept {
  if (--t.users == 0) t.stopping = true;
}

// Errors: registration_unknown, registration_revoked.
std::vector<offered_class>::iterator find_locked(class_table_data& t, registration r, failure& why) noexcept {
  const auto found =
      std::find_if(t.classes.begin(), t.classes.end(), [&](const offered_class& c) { return c.number == r; });
  if (found == t.classes.end())
    set_failure(why,
                r.number > t.first && r.number <= t.last ? errc::registration_revoked
                                                         : errc::registration_unknown,
                "", "");
  return found;
}

// Out of the table; what it held is let go by the caller, without the mutex.
offered_class take_locked(class_table_data& t, std::vector<offered_class>::iterator at,
                          bool disconnect) noexcept {
  offered_class taken = std::move(*at);
  t.classes.erase(at);
  if (disconnect) publish_value(taken.shared->object, static_cast<void*>(nullptr));
  while (taken.locks != 0) --taken.locks, drop_user_locked(t);
  return taken;
}

bool is_offered(const class_table_data& t, const offered_class& c, const char* name) noexcept {
  return !t.suspended && !c.options.suspended && !c.used_up && c.name == name;
}

} // namespace

class_table_data* make_class_table(failure& why) noexcept {
  auto* const t = new (std::nothrow) class_table_data;
  if (t == nullptr) {
    set_failure(why, errc::out_of_memory, "", "");
    return nullptr;
  }
  t->first = t->last = (std::uint64_t{take_number(tables_made)} + 1) << 32;
  return t;
}

void end_class_table(class_table_data* t) noexcept {
  std::vector<offered_class> left;
  {
    const sync::scoped_lock lock(t->mutex);
    left.swap(t->classes);
    t->stopping = true;
  }
  for (offered_class& c : left) {
    forget_hold({t, c.number.number});
    drop_share(c.shared);
  }
  left.clear();
  drop_table(t);
}

namespace {

// None of a table that stops. May throw std::bad_alloc; then nothing has happened.
registration enter(class_table_data& t, offered_class fresh) {
  const sync::scoped_lock lock(t.mutex);
  if (t.stopping) return {};
  fresh.number = {t.last + 1};
  t.classes.push_back(std::move(fresh));
  share(t.owners);
  return {++t.last};
}

// Of a class that is out of the table.
void let_go(class_table_data& t, offered_class& taken) noexcept {
  forget_hold({&t, taken.number.number});
  drop_share(taken.shared);
}

} // namespace

registration add_class(class_table_data& t, const char* name, record* owner, void* object,
                       class_options options, const code_location* taken, failure& why) noexcept {
  if (name == nullptr)
    set_failure(why, errc::name_missing, "", "of a class");
  else if (owner == nullptr || object == nullptr)
    set_failure(why, errc::empty_handle, "", name);
  if (why || is_shut(*owner, why)) return {};
  auto* const shared = new (std::nothrow) connection{1, object, &t};
  try {
    if (shared == nullptr) throw std::bad_alloc();
    take_reference(*owner); // the caller has one
    module held = handle_access::adopt_reference(owner);
    const registration made = enter(t, {{}, name, std::move(held), shared, options});
    if (made == registration{}) {
      delete shared;
      set_failure(why, errc::server_stopping, "", name);
      return {};
    }
    note_hold({&t, made.number}, *owner, holder_kind::registration, taken, name);
    return made;
  } catch (const std::bad_alloc&) {
    delete shared;
    set_failure(why, errc::out_of_memory, "", name);
    return {};
  }
}

bool revoke_class(class_table_data& t, registration r, bool disconnect, failure& why) noexcept {
  offered_class taken;
  {
    const sync::scoped_lock lock(t.mutex);
    const auto at = find_locked(t, r, why);
    if (why) return false;
    taken = take_locked(t, at, disconnect);
  }
  let_go(t, taken);
  return true;
}

bool lock_class(class_table_data& t, registration r, bool lock, bool last_releases, failure& why) noexcept {
  offered_class taken{};
  {
    const sync::scoped_lock held(t.mutex);
    const auto at = find_locked(t, r, why);
    if (!why && lock && t.stopping) set_failure(why, errc::server_stopping, "", at->name.c_str());
    if (why) return false;
    if (!lock && at->locks == 0) {
      set_failure(why, errc::not_locked, "", at->name.c_str());
      return false;
    }
    at->locks += lock ? 1 : UINT32_MAX;
    t.users += lock ? 1 : 0;
    if (!lock) drop_user_locked(t);
    if (lock || at->locks != 0 || !last_releases) return true;
    taken = take_locked(t, at, true);
  }
  let_go(t, taken);
  return true;
}

void resume_classes(class_table_data& t) noexcept {
  const sync::scoped_lock lock(t.mutex);
  t.suspended = false;
  for (offered_class& c : t.classes) c.options.suspended = false;
}

void suspend_classes(class_table_data& t) noexcept {
  const sync::scoped_lock lock(t.mutex);
  t.suspended = true;
}

namespace {

record& owner_of(const offered_class& c) noexcept { return *handle_access::record_of(c.owner); }

connection* connect_locked(class_table_data& t, offered_class& c, record*& owner) noexcept {
  c.used_up = c.options.single_use;
  ++t.users;
  share(c.shared->owners);
  owner = &owner_of(c);
  take_reference(*owner); // the registration has one
  return c.shared;
}

// Null, with what is in the way: a module that was shut down, to be asked without the mutex, or else a
// failure.
connection* find_offer(class_table_data& t, const char* name, record*& owner, module& shut,
                       failure& why) noexcept {
  const sync::scoped_lock lock(t.mutex);
  if (t.stopping) {
    set_failure(why, errc::server_stopping, "", name);
    return nullptr;
  }
  for (offered_class& c : t.classes) {
    if (!is_offered(t, c, name)) continue;
    if (!seems_shut(owner_of(c))) return connect_locked(t, c, owner);
    if (!shut) shut = c.owner;
  }
  if (!shut) set_failure(why, errc::class_not_registered, "", name);
  return nullptr;
}

} // namespace

connection* find_class(class_table_data& t, const char* name, record*& owner, failure& why) noexcept {
  if (name == nullptr) set_failure(why, errc::name_missing, "", "of a class");
  while (!why) {
    module shut;
    connection* const found = find_offer(t, name, owner, shut, why);
    if (found != nullptr || why || is_shut(*handle_access::record_of(shut), why)) return found;
  } // else its shutdown was refused meanwhile
  return nullptr;
}

void* object_of(const connection& c, failure& why) noexcept {
  void* const object = read_published(c.object);
  if (object == nullptr) set_failure(why, errc::object_disconnected, "", "");
  return object;
}

void drop_connection(connection* c) noexcept {
  {
    const sync::scoped_lock lock(c->table->mutex);
    drop_user_locked(*c->table);
  }
  drop_share(c);
}

bool is_stopping(const class_table_data& t) noexcept {
  const sync::scoped_lock lock(t.mutex);
  return t.stopping;
}

} // namespace tenure::inline v1::detail
