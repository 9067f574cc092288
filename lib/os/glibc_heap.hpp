// What glibc's allocator wrote into its memory: where a block begins and ends, and whether it is free. No
// function of the allocator is called, and nothing is locked: the marks are read as they stand, and words
// that they do not explain stay unexplained.
#ifndef TENURE_LIB_OS_GLIBC_HEAP_HPP
#define TENURE_LIB_OS_GLIBC_HEAP_HPP

#include "memory_scan.hpp"

namespace tenure::inline v1::os {

// A word that was found, and what is known of the memory around it.
struct found_word {
  found_word() = default;
  found_word(std::uintptr_t place, std::uintptr_t pointer, bool was_mangled = false) noexcept
      : at(place)
      , value(pointer)
      , mangled(was_mangled) {}

  std::uintptr_t at = 0;
  std::uintptr_t value = 0;
  address_range block;     // of the allocator; empty if not known
  bool in_heap = false;    // in memory that the allocator manages
  bool freed = false;      // in a block that the program does not have
  bool mangled = false;    // the word itself stands there mangled
  bool unreached = false;  // nothing points at its block
};

class glibc_heap {
public:
  // `free_mark`: what a block that is free in a thread's cache has as its second word; 0 if unknown.
  // `ours`: a mapping that may have become one with a block's.
  glibc_heap(std::uintptr_t* buffer, memory_reader& reader, std::uintptr_t free_mark,
             address_range ours) noexcept
      : buffer_(buffer)
      , reader_(reader)
      , ours_(ours)
      , free_mark_(free_mark) {}

  // Fills in the blocks. pre: the words ascend.
  void explain(std::span<found_word> words) noexcept;

  // True if the word is a thread's note that `block` is its storage for thread_local variables of the module
  // `index`.
  bool is_thread_storage(const found_word& holder, address_range block, std::size_t index) noexcept;

  // True if the block is in a list of small free ones, which no mark tells: only its first word is a list's.
  // pre: nothing points at the block.
  bool may_be_listed(address_range block) noexcept;

  // Frees two blocks and looks what the allocator leaves in them. Allocates.
  static std::uintptr_t find_free_mark() noexcept;

private:
  static constexpr std::size_t word = sizeof(std::uintptr_t);
  static constexpr std::size_t header = 2 * word, alignment = 16;
  static constexpr std::size_t before_first =
      (alignment - header) % alignment; // blocks are aligned, not chunks
  static constexpr std::size_t arena_size = std::size_t{sizeof(void*) == 8 ? 64 : 1} << 20;
  static constexpr std::size_t buffer_bytes = std::size_t{16} << 10;

  struct region {
    std::uintptr_t first = 0; // the first chunk; 0 if there is none
    std::uintptr_t end = 0;
  };

  std::span<found_word> explain_from(const mapping& m, std::span<found_word> words) noexcept;
  region region_of(const mapping& m, std::uintptr_t at) noexcept;
  region arena_of(const mapping& m, std::uintptr_t at) noexcept;
  bool is_end_of_arena(std::uintptr_t place) noexcept;
  std::uintptr_t first_chunk_of_arena(std::uintptr_t arena) noexcept;
  void explain_mapped(address_range chunks, found_word& w) noexcept;
  void walk(const region& r, std::span<found_word> words) noexcept;
  bool is_cached(address_range block) noexcept;
  bool load(std::uintptr_t address, std::uintptr_t& into) noexcept; // through the buffer

  std::uintptr_t* buffer_;
  memory_reader& reader_;
  address_range ours_;
  std::uintptr_t free_mark_;
  address_range held_; // what the buffer has
};

} // namespace tenure::inline v1::os

#endif
