// The table of holder_notes.hpp, as a debugger also reads it: shards of chained buckets.
#ifndef TENURE_LIB_HOLDER_TABLE_HPP
#define TENURE_LIB_HOLDER_TABLE_HPP

#include "holder_notes.hpp"
#include "sync.hpp"

#include <cstddef>

namespace tenure::inline v1::detail {

// By the holder's address, so that all notes of one address are in one shard. Fields with its mutex held.
struct holder_shard {
  sync::mutex mutex;
  holder_note** buckets = nullptr;
  std::size_t size = 0; // of `buckets`; a power of two, or 0
  std::size_t used = 0;
  std::uint32_t lost = 0; // notes that found no memory

  void insert(holder_note& n) noexcept;
  [[nodiscard]] holder_note* find(const holder_key& key) const noexcept;
  holder_note* take(const holder_key& key) noexcept;

private:
  [[nodiscard]] holder_note** place_of(const holder_key& key) const noexcept;
  bool grow() noexcept;
};

// Some, so that threads that copy handles seldom meet; few enough to lock all of them for a list.
inline constexpr std::size_t holder_shards = 16;

struct holder_table {
  holder_shard shards[holder_shards];
  [[nodiscard]] holder_shard& of(const void* at) noexcept;
};

// Null until somebody tracks; never destroyed. Published.
extern constinit holder_table* the_holder_table;

} // namespace tenure::inline v1::detail

#endif
