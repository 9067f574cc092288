#include "glibc_heap.hpp"

#include <cstdlib>
#include <cstring>

namespace tenure::inline v1::os {
namespace {

// A chunk: [size of the free one before][size and flags][the block ...]. A block also has its successor's
// first word.
constexpr std::uintptr_t flags = 7, previous_in_use = 1, is_mapped_flag = 2;

std::uintptr_t size_in(std::uintptr_t head) noexcept { return head & ~flags; }

// The words of one mapping.
std::span<found_word> words_in(const mapping& m, std::span<found_word> words) noexcept {
  std::size_t count = 0;
  while (count != words.size() && words[count].at < m.range.end) ++count;
  return words.first(count);
}

} // namespace

bool glibc_heap::load(std::uintptr_t address, std::uintptr_t& into) noexcept {
  if (!held_.contains(address) || held_.end - address < word) {
    const std::size_t got = reader_.read(address, buffer_, buffer_bytes);
    held_ = {address, address + got};
    if (got < word) return false;
  }
  into = buffer_[(address - held_.begin) / word];
  return true;
}

void glibc_heap::explain(std::span<found_word> words) noexcept {
  memory_map map;
  mapping m;
  while (!words.empty() && map.is_open() && map.next(m)) {
    while (!words.empty() && words.front().at < m.range.begin) words = words.subspan(1); // unmapped meanwhile
    const auto here = words_in(m, words);
    words = words.subspan(here.size());
    if (m.counts() && m.anonymous())
      for (auto left = here; !left.empty();) left = explain_from(m, left);
  }
}

// Returns what is left of the words.
std::span<found_word> glibc_heap::explain_from(const mapping& m, std::span<found_word> words) noexcept {
  const region r = region_of(m, words.front().at);
  std::size_t count = 0;
  while (count != words.size() && r.first != 0 && words[count].at < r.end) words[count++].in_heap = true;
  if (count != 0) {
    walk(r, words.first(count));
    return words.subspan(count);
  }
  if (m.range.contains(ours_.begin)) explain_mapped({ours_.end, m.range.end}, words.front());
  explain_mapped(m.range, words.front());
  return words.subspan(1);
}

glibc_heap::region glibc_heap::region_of(const mapping& m, std::uintptr_t at) noexcept {
  if (m.name() == "[heap]") return {m.range.begin + before_first, m.range.end};
  return arena_of(m, at);
}

// A thread's arena: [arena, the heap before, its size, its writable size ...], at a multiple of the arena
// size; the first one of an arena goes on with the arena itself.
glibc_heap::region glibc_heap::arena_of(const mapping& m, std::uintptr_t at) noexcept {
  const std::uintptr_t heap = at & ~(arena_size - 1);
  std::uintptr_t arena = 0, before = 0, size = 0;
  if (heap < m.range.begin || !load(heap, arena) || !load(heap + word, before) ||
      !load(heap + 2 * word, size))
    return {};
  const bool plausible =
      size > at - heap && size <= arena_size && size % 4096 == 0 && heap + size <= m.range.end;
  if (!plausible) return {};
  if (arena - heap <= 16 * word) return {first_chunk_of_arena(arena), heap + size};
  if (before == 0 || before % arena_size != 0) return {};
  for (std::uintptr_t first = heap + 16 + before_first; first <= heap + 8 * word; first += alignment) {
    std::uintptr_t head = 0;
    if (load(first + word, head) && (head & previous_in_use) != 0 && size_in(head) >= header)
      return {first, heap + size};
  }
  return {};
}

// True if the two words can be the last of an arena: how much memory it has, and how much it had at most.
bool glibc_heap::is_end_of_arena(std::uintptr_t place) noexcept {
  std::uintptr_t now = 0, most = 0;
  return load(place, now) && load(place + word, most) && now != 0 && now <= most && now % 4096 == 0 &&
         most % 4096 == 0;
}

// Behind the arena's own fields, whose size is the version's secret.
std::uintptr_t glibc_heap::first_chunk_of_arena(std::uintptr_t arena) noexcept {
  const std::uintptr_t from = ((arena + 128 * word) & ~(alignment - 1)) + before_first,
                       to = arena + 400 * word;
  for (std::uintptr_t first = from; first < to; first += alignment) {
    std::uintptr_t head = 0;
    if (load(first + word, head) && (head & previous_in_use) != 0 && size_in(head) >= header &&
        (is_end_of_arena(first - 2 * word) || is_end_of_arena(first - 3 * word)))
      return first;
  }
  return 0;
}

// Large blocks have mappings of their own, which the system may list as one.
void glibc_heap::explain_mapped(address_range chunks, found_word& w) noexcept {
  for (std::uintptr_t chunk = chunks.begin; chunk < chunks.end && chunk < w.at;) {
    std::uintptr_t before = 0, head = 0;
    if (!load(chunk, before) || !load(chunk + word, head) || before != 0) return;
    const std::uintptr_t size = size_in(head);
    if ((head & flags) != is_mapped_flag || size == 0 || size % 4096 != 0 || size > chunks.end - chunk)
      return;
    if (w.at - chunk < size) w.in_heap = true, w.block = {chunk + header, chunk + size};
    chunk += size;
  }
}

bool glibc_heap::is_cached(address_range block) noexcept {
  std::uintptr_t second = 0;
  return free_mark_ != 0 && reader_.read_word(block.begin + word, second) && second == free_mark_;
}

// From chunk to chunk. Stops where a size cannot be one: another thread is splitting that chunk, or the
// memory is not the allocator's.
void glibc_heap::walk(const region& r, std::span<found_word> words) noexcept {
  auto next = words.begin();
  while (next != words.end() && next->at < r.first) ++next; // the arena's own
  held_ = {};
  for (std::uintptr_t chunk = r.first; next != words.end();) {
    std::uintptr_t head = 0, following = 0;
    if (!load(chunk + word, head)) return;
    const std::uintptr_t size = size_in(head);
    if (size < header || size % alignment != 0 || size > r.end - chunk) return;
    const bool top = size == r.end - chunk; // memory that no block has taken yet
    if (!top && !load(chunk + size + word, following)) return;
    const address_range block{chunk + header, chunk + size + (top ? 0 : word)};
    const bool unused = top || (following & previous_in_use) == 0;
    for (; next != words.end() && next->at < block.end; ++next) {
      if (!block.contains(next->at)) continue;
      next->block = block;
      next->freed = unused || is_cached(block);
    }
    if (top) return;
    chunk += size;
  }
}

// A thread's table has two words for each module: [how many][unused] [generation][unused] [storage, what to
// free]...
bool glibc_heap::is_thread_storage(const found_word& holder, address_range block,
                                   std::size_t index) noexcept {
  constexpr std::size_t most_modules = 65536;
  for (const std::uintptr_t entry : {holder.at, holder.at - word}) {
    std::uintptr_t storage = 0, to_free = 0, capacity = 0;
    if (index != 0 && reader_.read_word(entry, storage) && block.contains(storage) &&
        reader_.read_word(entry + word, to_free) && to_free == block.begin &&
        reader_.read_word(entry - (index + 1) * 2 * word, capacity) && capacity >= index &&
        capacity < most_modules)
      return true;
  }
  return false;
}

// The list's next chunk, or none, exclusive-ored with the place that it stands at (glibc 2.32); before, as it
// is.
bool glibc_heap::may_be_listed(address_range block) noexcept {
  constexpr std::size_t most = 16 * alignment;
  std::uintptr_t first = 0;
  if (block.size() > most || !reader_.read_word(block.begin, first)) return false;
  const std::uintptr_t next = first ^ block.begin >> 12;
  return next == 0 || (next % alignment == 0 && next - (block.begin - arena_size) < 2 * arena_size);
}

namespace {

// Of a block of that size that was just freed; what the block held if the allocator left no mark; 0 if it
// cannot be read.
std::uintptr_t mark_of_freed(std::size_t size, std::uintptr_t held) noexcept {
  auto* const block = static_cast<std::uintptr_t*>(std::malloc(size));
  if (block == nullptr) return 0;
  for (std::size_t k = 0; k != 4; ++k) *const_cast<volatile std::uintptr_t*>(block + k) = held;
  const auto at = reinterpret_cast<std::uintptr_t>(block);
  std::free(block);
  memory_reader reader;
  std::uintptr_t mark = 0;
  return reader.read_word(at + sizeof mark, mark) ? mark : 0;
}

} // namespace

// A cache that is full takes no block, and nobody knows which one takes it: a block may be larger than what
// was asked for. So some sizes are tried, twice each, until two blocks agree.
std::uintptr_t glibc_heap::find_free_mark() noexcept {
  constexpr std::uintptr_t ours = 0x55;
  constexpr std::size_t most_tries = 16;
  std::uintptr_t last = 0;
  for (std::size_t i = 0; i != most_tries; ++i) {
    const std::uintptr_t mark = mark_of_freed((i / 2 + 3) * header, ours);
    if (mark == 0 || mark == ours) continue;
    if (mark == last) return mark;
    last = mark;
  }
  return 0;
}

} // namespace tenure::inline v1::os
