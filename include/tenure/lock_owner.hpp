// Server locks that belong to somebody, and go with him.
#ifndef TENURE_LOCK_OWNER_HPP
#define TENURE_LOCK_OWNER_HPP

#include <tenure/module.hpp>

namespace tenure::inline v1 {
namespace detail {
struct lock_owner_data;
[[nodiscard]] TENURE_API lock_owner_data* make_lock_owner(const char* name, failure& why) noexcept;
TENURE_API void end_lock_owner(lock_owner_data* owner) noexcept;
TENURE_API bool add_lock(lock_owner_data& owner, record* r, const code_location* taken, failure& why) noexcept;
TENURE_API bool drop_lock(lock_owner_data& owner, record* r, failure& why) noexcept;
[[nodiscard]] TENURE_API std::uint32_t count_locks(const lock_owner_data& owner, const record* r) noexcept;
} // namespace detail
} // namespace tenure::inline v1

namespace TENURE_HANDLES {

// A client that locks modules: balanced calls as in COM (IClassFactory::LockServer), and what it forgot is
// returned when it ends, however it ends (C-H12). Reports name the owners of a pinned module's locks (C-H15).
// When not to use it: where a value does; tenure::pin cannot be unbalanced.
// Obtained from: its constructor; a move. Threads: as an int; its end may close modules.
//
//   tenure::lock_owner shell("shell");
//   shell.lock(codec);
class lock_owner {
public:
  // Errors: out_of_memory, name_missing.
  explicit lock_owner(const char* name) {
    failure why;
    data_ = detail::make_lock_owner(name, why);
    if (data_ == nullptr) detail::raise(static_cast<failure&&>(why));
  }
  lock_owner(lock_owner&& other) noexcept
      : data_(other.data_) {
    other.data_ = nullptr;
  }
  lock_owner& operator=(lock_owner&&) = delete;
  ~lock_owner() {
    if (data_ != nullptr) detail::end_lock_owner(data_);
  }

  // One lock more; every call counts. The module stays resident, used or not. Errors: empty_handle,
  // module_shut_down, out_of_memory.
  void lock(const module& m TENURE_AND_TAKEN_HERE) {
    failure why;
    if (!detail::add_lock(*data_, detail::handle_access::record_of(m), TENURE_TAKEN_OR_NULL, why))
      detail::raise(static_cast<failure&&>(why));
  }
  // One lock less; the last one lets the policy decide. Errors: empty_handle, not_locked (by this owner).
  void unlock(const module& m) {
    failure why;
    if (!detail::drop_lock(*data_, detail::handle_access::record_of(m), why))
      detail::raise(static_cast<failure&&>(why));
  }
  // How many locks this owner has of a module.
  [[nodiscard]] std::uint32_t locks(const module& m) const noexcept {
    return detail::count_locks(*data_, detail::handle_access::record_of(m));
  }

private:
  detail::lock_owner_data* data_;
};

} // namespace TENURE_HANDLES

#endif
