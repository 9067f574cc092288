// What the tables of a mapped module say about a name, read where they lie: without the loader, so without
// its lock, which another thread may hold for as long as an initialiser runs.
#ifndef TENURE_LIB_OS_SYMBOL_TABLES_HPP
#define TENURE_LIB_OS_SYMBOL_TABLES_HPP

#include "mapped_image.hpp"

namespace tenure::inline v1::os {

enum class symbol_verdict : std::uint8_t {
  here,      // the module defines it; `address` is what the system would give
  elsewhere, // the module does not define it; one of its dependencies might
  ask_system // not to be told from here: indirect and unique ones, thread-local ones, several versions
};

struct symbol_answer {
  symbol_verdict verdict = symbol_verdict::ask_system;
  bool function = false;
  bool for_all_threads =
      false; // the system's answer is the same on every thread: it is no thread-local variable
  void* address = nullptr;
  const char* name = nullptr; // in the module's own table, where it stays as long as the module
};

// The tables of one ELF object. All answers are of the system's default: no version was asked for. Elsewhere
// than on ELF, and where a table is not where it should be, the answer is always `ask_system`.
class symbol_table {
public:
  symbol_table() noexcept = default;

  // `dynamic`: the object's dynamic section; `bias`: what is added to its addresses; `range`: all of it that
  // is mapped.
  symbol_table(const void* dynamic, std::uintptr_t bias, address_range range) noexcept;

  // Pre: the module is held; `gnu_hash` is that of the name.
  [[nodiscard]] symbol_answer find(const char* name, std::uint32_t gnu_hash) const noexcept;
  // True if its filter says that no symbol has this hash; that is nearly always so where none has the name.
  [[nodiscard]] bool surely_not(std::uint32_t gnu_hash) const noexcept {
    if (bloom_ == nullptr || buckets_ == nullptr) return false;
    constexpr std::uint32_t bits = sizeof(std::uintptr_t) * 8;
    const std::uintptr_t filter = bloom_[(gnu_hash / bits) & bloom_mask_];
    return ((filter >> (gnu_hash % bits)) & (filter >> ((gnu_hash >> bloom_shift_) % bits)) & 1) == 0;
  }
  [[nodiscard]] static std::uint32_t gnu_hash_of(const char* name, std::size_t length) noexcept;

private:
  struct candidates;
  template <class T> [[nodiscard]] bool readable(const T* from, std::size_t count) const noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(from);
    return range_.contains(at) && at % alignof(T) == 0 && count <= (range_.end - at) / sizeof(T);
  }
  [[nodiscard]] bool take_gnu_hash(std::uintptr_t table) noexcept;
  [[nodiscard]] bool take_sysv_hash(std::uintptr_t table) noexcept;
  void judge(std::size_t index, const char* name, candidates& seen) const noexcept;
  void walk_gnu(const char* name, std::uint32_t hash, candidates& seen) const noexcept;
  void walk_sysv(const char* name, candidates& seen) const noexcept;

  address_range range_;
  std::uintptr_t bias_ = 0;
  std::uintptr_t symbols_ = 0;
  const char* strings_ = nullptr;
  std::size_t strings_size_ = 0;
  const std::uint16_t* versions_ = nullptr;
  const std::uintptr_t* bloom_ = nullptr;  // null: the older table
  const std::uint32_t* buckets_ = nullptr; // null: nothing can be told
  const std::uint32_t* chains_ = nullptr;
  std::uint32_t bucket_count_ = 0;
  std::uint32_t bloom_mask_ = 0;
  std::uint32_t bloom_shift_ = 0;
  std::uint32_t first_hashed_ = 0;
};

// The table of the module behind a handle of the system's. Takes no lock. Pre: the handle is held.
[[nodiscard]] symbol_table own_table(void* handle, const mapped_image& image) noexcept;

// The tables of everything that the module depends on, in any order: a name that none of them has, and that
// the module has not, is in no place where the system would look. They stay mapped as long as the module.
// Waits for the loader's list, which is held for some instructions at a time, never while code of a module
// runs. False if they cannot all be told with certainty. `tables` holds up to `room` of them. Pre: the handle
// is held.
[[nodiscard]] bool dependency_tables(void* handle, symbol_table* tables, std::size_t room,
                                     std::size_t& count) noexcept;

} // namespace tenure::inline v1::os

#endif
