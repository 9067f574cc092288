#include "holder_table.hpp"

#include "hash.hpp"

#include <cstdint>
#include <new>

namespace tenure::inline v1::detail {
namespace {

constexpr std::size_t first_size = 16; // buckets

std::uint64_t hash_of(const holder_key& key) noexcept {
  return hash_pair(reinterpret_cast<std::uintptr_t>(key.at), key.number) >> 1; // the lowest bit is always set
}

} // namespace

constinit holder_table* the_holder_table = nullptr;

holder_shard& holder_table::of(const void* at) noexcept {
  return shards[(hash_of({at, 0}) >> 32) % holder_shards];
}

// Where the chain of the key's bucket begins. Pre: there are buckets.
holder_note** holder_shard::place_of(const holder_key& key) const noexcept {
  return &buckets[hash_of(key) & (size - 1)];
}

// False if there is no memory: the chains get longer then.
bool holder_shard::grow() noexcept {
  const std::size_t wanted = size == 0 ? first_size : 2 * size;
  auto** const fresh = new (std::nothrow) holder_note* [wanted] {};
  if (fresh == nullptr) return false;
  holder_note** const old = buckets;
  const std::size_t old_size = size;
  buckets = fresh;
  size = wanted;
  used = 0;
  for (std::size_t i = 0; i != old_size; ++i)
    while (holder_note* const n = old[i]) {
      old[i] = n->next;
      insert(*n);
    }
  delete[] old;
  return true;
}

// Pre: the key is not there.
void holder_shard::insert(holder_note& n) noexcept {
  if (used >= size && !grow() && size == 0) {
    ++lost;
    ::operator delete(&n);
    return;
  }
  holder_note** const place = place_of(n.key);
  n.next = *place;
  *place = &n;
  ++used;
}

holder_note* holder_shard::find(const holder_key& key) const noexcept {
  if (size == 0) return nullptr;
  holder_note* n = *place_of(key);
  while (n != nullptr && n->key != key) n = n->next;
  return n;
}

// Out of the table; null if it is not there.
holder_note* holder_shard::take(const holder_key& key) noexcept {
  if (size == 0) return nullptr;
  for (holder_note** at = place_of(key); *at != nullptr; at = &(*at)->next) {
    holder_note* const n = *at;
    if (n->key != key) continue;
    *at = n->next;
    --used;
    return n;
  }
  return nullptr;
}

} // namespace tenure::inline v1::detail
