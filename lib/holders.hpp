// Who keeps a module, by name: other modules that need it, owners of locks.
#ifndef TENURE_LIB_HOLDERS_HPP
#define TENURE_LIB_HOLDERS_HPP

#include <cstdint>

namespace tenure::inline v1::detail {

struct record;
struct module_record;
struct lock_owner_data;

// `record` needs `used`, to which the edge holds a reference. In the list of the record that needs.
struct dependency {
  dependency* next;
  record* used;
};

// What one owner has locked of one module: one pin, however many locks. In two lists: the module's, with the
// mutex, and the owner's, which only its thread touches.
struct lock_entry {
  lock_entry* next_of_module;
  lock_entry* next_of_owner;
  lock_owner_data* owner;
  module_record* locked;
  std::uint32_t count;
};

// A sentence, kept in the record; null if nobody is known by name. Needs the mutex.
const char* name_holders_locked(const module_record& r) noexcept;

} // namespace tenure::inline v1::detail

#endif
