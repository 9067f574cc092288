#include "holders.hpp"

#include "calls.hpp"
#include "holder_notes.hpp"
#include "left_behind.hpp"
#include "registry.hpp"
#include "unlink.hpp"

#include <tenure/dependency.hpp>
#include <tenure/lock_owner.hpp>

#include <fmt/core.h>

#include <new>
#include <utility>

namespace tenure::inline v1::detail {

struct lock_owner_data {
  std::string name;
  lock_entry* entries = nullptr;
};

// --- dependencies ---

namespace {

// Along edges within one registry. Each module is looked at once, however many ways lead to it.
bool needs_locked(registry& g, module_record& from, const record& wanted) noexcept {
  from.searched = ++g.searches;
  from.next_to_search = nullptr;
  for (module_record* to_do = &from; to_do != nullptr;) {
    const module_record& at = *std::exchange(to_do, to_do->next_to_search);
    if (&at == &wanted) return true;
    for (const dependency* d = at.needs; d != nullptr; d = d->next) {
      module_record& used = full(*d->used);
      if (used.owner != &g || std::exchange(used.searched, g.searches) == g.searches) continue;
      used.next_to_search = std::exchange(to_do, &used);
    }
  }
  return false;
}

bool has_edge_locked(const module_record& user, const record& used) noexcept {
  for (const dependency* d = user.needs; d != nullptr; d = d->next)
    if (d->used == &used) return true;
  return false;
}

} // namespace

bool add_dependency(record* user, record* used, const code_location* taken, failure& why) noexcept {
  if (user == nullptr || used == nullptr) {
    set_failure(why, errc::empty_handle, "", "");
    return false;
  }
  auto* const edge = new (std::nothrow) dependency{nullptr, used};
  if (edge == nullptr) {
    set_failure(why, errc::out_of_memory, "", "");
    return false;
  }
  if (is_shut(*user, why) || is_shut(*used, why)) {
    delete edge;
    return false;
  }
  registry& g = *user->owner;
  note_hold({edge}, *used, holder_kind::dependency, taken, path_of(*user)); // before somebody may let go of it
  take_reference(*used); // the caller has one. Before the mutex: a thread's first count waits for a fork
  bool cycle = false;
  {
    const sync::scoped_lock lock(g.mutex);
    cycle = used->owner == &g && needs_locked(g, full(*used), *user);
    if (!cycle && !has_edge_locked(full(*user), *used)) {
      edge->next = std::exchange(full(*user).needs, edge);
      return true;
    }
  }
  drop_reference(*used);
  forget_hold({edge});
  delete edge;
  if (cycle) set_failure(why, errc::dependency_cycle, path_of(*used), path_of(*user));
  return !cycle; // there is such an edge already
}

// A module that is still mapped may still call what it needs: that stays for ever, too.
void registry::give_up_dependencies_locked(module_record& r, bool unmapped) noexcept {
  dependency* given_up = std::exchange(r.needs, nullptr);
  if (!unmapped) return abandon(given_up);
  while (given_up != nullptr) {
    dependency* const d = std::exchange(given_up, given_up->next);
    d->next = std::exchange(orphans, d);
  }
}

// What modules that are gone have needed. Without the mutex: it may close what it lets go of.
void registry::release_dependencies() noexcept {
  dependency* released = nullptr;
  {
    const sync::scoped_lock lock(mutex);
    released = std::exchange(orphans, nullptr);
  }
  while (released != nullptr) {
    dependency* const d = std::exchange(released, released->next);
    forget_hold({d});
    drop_reference(*d->used);
    delete d;
  }
}

// --- pins and locks ---

bool try_pin_module(record& r, failure& why) noexcept {
  if (is_shut(r, why)) return false;
  pin_module(r);
  return true;
}

namespace {

lock_entry* find_entry(const lock_owner_data& owner, const record* r) noexcept {
  for (lock_entry* e = owner.entries; e != nullptr; e = e->next_of_owner)
    if (e->locked == r) return e;
  return nullptr;
}

holder_key key_of(const lock_entry& entry) noexcept { return {&entry, 1}; } // counted

void remove(lock_entry& entry) noexcept {
  unlink(entry.owner->entries, &lock_entry::next_of_owner, entry);
  module_record& r = *entry.locked;
  {
    const sync::scoped_lock lock(r.owner->mutex);
    unlink(r.locks, &lock_entry::next_of_module, entry);
  }
  forget_holds_at(&entry);
  delete &entry;
  unpin_module(r);
}

} // namespace

lock_owner_data* make_lock_owner(const char* name, failure& why) noexcept {
  if (name == nullptr) set_failure(why, errc::name_missing, "", "of a lock_owner");
  if (name == nullptr) return nullptr;
  try {
    return new lock_owner_data{name};
  } catch (const std::bad_alloc&) {
    set_failure(why, errc::out_of_memory, "", "");
    return nullptr;
  }
}

void end_lock_owner(lock_owner_data* owner) noexcept {
  while (owner->entries != nullptr) remove(*owner->entries);
  delete owner;
}

bool add_lock(lock_owner_data& owner, record* r, const code_location* taken, failure& why) noexcept {
  if (r == nullptr) {
    set_failure(why, errc::empty_handle, "", "");
    return false;
  }
  if (is_shut(*r, why)) return false;
  if (lock_entry* const e = find_entry(owner, r)) {
    note_hold(key_of(*e), *r, holder_kind::lock, taken, owner.name.c_str());
    const sync::scoped_lock lock(r->owner->mutex);
    ++e->count;
    return true;
  }
  auto* const e = new (std::nothrow) lock_entry{nullptr, owner.entries, &owner, &full(*r), 1};
  if (e == nullptr) {
    set_failure(why, errc::out_of_memory, "", "");
    return false;
  }
  owner.entries = e;
  pin_module(*r);
  note_hold(key_of(*e), *r, holder_kind::lock, taken, owner.name.c_str());
  const sync::scoped_lock lock(r->owner->mutex);
  e->next_of_module = std::exchange(full(*r).locks, e);
  return true;
}

bool drop_lock(lock_owner_data& owner, record* r, failure& why) noexcept {
  lock_entry* const e = r != nullptr ? find_entry(owner, r) : nullptr;
  if (e == nullptr) {
    set_failure(why, r != nullptr ? errc::not_locked : errc::empty_handle, r != nullptr ? path_of(*r) : "",
                owner.name.c_str());
    return false;
  }
  forget_hold(key_of(*e));
  {
    const sync::scoped_lock lock(r->owner->mutex);
    if (--e->count != 0) return true;
  }
  remove(*e);
  return true;
}

std::uint32_t count_locks(const lock_owner_data& owner, const record* r) noexcept {
  const lock_entry* const e = find_entry(owner, r);
  return e != nullptr ? e->count : 0;
}

// --- all of them ---

namespace {

// References and pins as they are now.
std::uint32_t count_holds(record& r) noexcept {
  const sync::scoped_lock lock(r.owner->mutex);
  const module_record& m = full(r);
  return references_to(m) + (m.is_static() ? 0 : m.pins);
}

std::uint32_t count_listed(const holder_data& data) noexcept {
  std::uint32_t n = 0;
  for (const holder& h : data.holders)
    if (h.kind != holder_kind::token) n += h.kind == holder_kind::lock ? 1 : h.count; // an owner's locks are one pin
  return n;
}

} // namespace

holder_list holders_of(record& r) noexcept {
  auto* const data = new (std::nothrow) holder_data;
  if (data == nullptr) return {};
  collect_holders(r, r.generation, *data);
  const std::uint32_t holds = count_holds(r);
  const std::uint32_t listed = count_listed(*data);
  data->unlisted = holds > listed ? holds - listed : 0;
  return holder_list(data);
}

// --- in words ---

const char* name_holders_locked(const module_record& r) noexcept {
  try {
    std::string text;
    for (const lock_entry* e = r.locks; e != nullptr; e = e->next_of_module)
      text += fmt::format("{}{} ({})", text.empty() ? "locked by " : ", ", e->owner->name, e->count);
    const char* before = text.empty() ? "needed by " : "; needed by ";
    for (const module_record* user = r.owner->records; user != nullptr; user = user->next_record) {
      if (!has_edge_locked(*user, r)) continue;
      text += std::exchange(before, ", ");
      text += user->path();
    }
    r.holders = std::move(text);
    return r.holders.empty() ? nullptr : r.holders.c_str();
  } catch (const std::bad_alloc&) {
    return nullptr; // the counts alone tell
  }
}

} // namespace tenure::inline v1::detail
