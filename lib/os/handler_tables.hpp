// Where the C library and the loader themselves note a module's addresses, told by the shape of their
// entries.
#ifndef TENURE_LIB_OS_HANDLER_TABLES_HPP
#define TENURE_LIB_OS_HANDLER_TABLES_HPP

#include "glibc_heap.hpp"

namespace tenure::inline v1::os {

// What the loader and the C library know of the module.
struct module_traits {
  address_range image;
  address_range c_library; // its data, with the heads of the allocator's free lists
  address_range storage;   // the calling thread's thread_local variables of the module, if it has used them
  std::uintptr_t link_map = 0; // the loader's record
  std::size_t tls_index = 0;   // in each thread's table of thread-local storage; 0: the module has none

  static module_traits of(address_range image) noexcept;
};

// Which pthread key's destructor stands at `at`; -1: none. Makes a key for a moment, to find the table by it.
// pre: `at` is in the C library's data.
[[nodiscard]] long thread_key_at(std::uintptr_t at, memory_reader& reader) noexcept;

enum class note : std::uint8_t {
  none,         // nothing of theirs, as far as its neighbours tell
  systems_own,  // never called: the loader's record of the module, a handler with its DSO handle, a deleted
                // key's destructor
  exit_handler, // stays, and is called at the exit
};

// Reads the words around those that were found.
class handler_tables {
public:
  handler_tables(const module_traits& module, memory_reader& reader) noexcept
      : module_(module)
      , reader_(reader) {}

  [[nodiscard]] note look_at(const found_word& w) noexcept;

private:
  std::uintptr_t word_at(std::uintptr_t place, std::ptrdiff_t words_on) noexcept;
  bool is_dso_handle(std::uintptr_t value) noexcept;
  note exit_entry(std::uintptr_t place) noexcept;
  bool is_fork_entry(const found_word& w) noexcept;
  bool is_deleted_key(const found_word& w) noexcept;
  bool is_loaders(const found_word& w) noexcept;

  void hold_around(std::uintptr_t at) noexcept;

  static constexpr std::size_t words_held = 64, words_before = 4; // an entry has four words

  const module_traits& module_;
  memory_reader& reader_;
  address_range held_; // what `words_` has
  std::uintptr_t words_[words_held];
  std::uintptr_t dso_handle_ = 0; // the module's, once it was seen
};

} // namespace tenure::inline v1::os

#endif
