// The mappings and threads of this process, as Linux lists them, read without allocating.
#ifndef TENURE_LIB_OS_LINUX_MEMORY_MAP_HPP
#define TENURE_LIB_OS_LINUX_MEMORY_MAP_HPP

#include "mapped_image.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tenure::inline v1::os {

// One line of the maps file.
struct mapping {
  static constexpr std::size_t name_size = 96; // longer names lose their beginning

  address_range range;
  bool readable = false;
  bool writable = false;
  bool shared = false;
  bool guarded = false; // inaccessible memory, or nothing else, lies right below: what a stack has
  char name_text[name_size]{};
  std::size_t name_length = 0;

  [[nodiscard]] std::string_view name() const noexcept { return {name_text, name_length}; }
  [[nodiscard]] bool anonymous() const noexcept { return name_length == 0 || name_text[0] == '['; }
  // Addresses of this process may be meant in it. Shared memory has other readers, to whom ours say nothing.
  [[nodiscard]] bool counts() const noexcept { return readable && writable && !shared; }
  // A stack that the system made: below the stack pointer there is nothing but dead words.
  [[nodiscard]] bool may_be_stack() const noexcept { return guarded && anonymous() && name() != "[heap]"; }
};

// The lines in order. The kernel goes on by address after each read: a mapping made or gone meanwhile may be
// missed, every other one is told.
class memory_map {
public:
  memory_map() noexcept;
  memory_map(const memory_map&) = delete;
  memory_map& operator=(const memory_map&) = delete;
  ~memory_map();

  [[nodiscard]] bool is_open() const noexcept { return file_ >= 0; }
  // False at the end.
  bool next(mapping& out) noexcept;
  // After next() was false: whether it was the end of the list.
  [[nodiscard]] bool was_read() const noexcept { return at_end_; }

private:
  int get() noexcept; // the next byte, or -1
  std::uintptr_t number(int base, int& ended_by) noexcept;
  void read_name(int c, mapping& out) noexcept;

  int file_;
  std::size_t at_ = 0, filled_ = 0;
  bool at_end_ = false;
  std::uintptr_t guard_end_ = 0; // of the inaccessible mapping before
  char buffer_[4096];
};

// The mapping that contains `address`.
bool find_mapping(std::uintptr_t address, mapping& out) noexcept;

struct thread_state {
  long id = 0;
  std::uintptr_t sp = 0; // 0: it runs, or the kernel does not tell
};

// All threads but the calling one.
class other_thread_list {
public:
  static constexpr std::size_t capacity =
      1024; // of more, nothing below their stack pointers is taken for dead

  void read() noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] const thread_state* begin() const noexcept { return list_; }
  [[nodiscard]] const thread_state* end() const noexcept { return list_ + count_; }
  [[nodiscard]] bool known() const noexcept { return known_; } // false: the list could not be read

private:
  void add(long id) noexcept;

  thread_state list_[capacity];
  std::size_t count_ = 0;
  bool known_ = false;
};

} // namespace tenure::inline v1::os

#endif
