#include "symbol_cache.hpp"

#include <cstring>
#include <new>

namespace tenure::inline v1::detail {
namespace {

// Publishes `made` where null stands; what stands there, if another thread was faster.
template <class T> T* publish_once(T*& place, T* made) noexcept {
  T* seen = nullptr;
  return replace_pointer(place, seen, made) ? made : seen;
}

} // namespace

symbol_cache* symbol_cache::make(void* handle, const os::mapped_image& image, symbol_cache* older) noexcept {
  auto* const made = new (std::nothrow) symbol_cache;
  if (made == nullptr) return nullptr;
  made->current_ = make_places(first_capacity, nullptr);
  if (made->current_ == nullptr) {
    delete made;
    return nullptr;
  }
  made->older_ = older;
  made->own_ = os::own_table(handle, image);
  return made;
}

void symbol_cache::free(symbol_cache* c) noexcept { delete c; }

symbol_cache::~symbol_cache() {
  while (current_ != nullptr) {
    places* const before = current_->outgrown;
    ::operator delete(current_);
    current_ = before;
  }
  while (names_ != nullptr) {
    copied_name* const next = names_->next;
    ::operator delete(names_);
    names_ = next;
  }
  delete needed_;
  delete older_;
}

symbol_cache::places* symbol_cache::make_places(std::size_t capacity, places* outgrown) noexcept {
  void* const memory = ::operator new(sizeof(places) + capacity * sizeof(entry), std::nothrow);
  if (memory == nullptr) return nullptr;
  auto* const made = ::new (memory) places{capacity - 1, outgrown};
  for (std::size_t i = 0; i != capacity; ++i) ::new (static_cast<void*>(made->entries() + i)) entry;
  return made;
}

// False if the run is full. A name that two threads put at the same time stands there twice, with the same
// answer.
bool symbol_cache::put(places& p, std::uint64_t hash, const entry& e) noexcept {
  for (std::size_t i = hash & p.mask, steps = 0; steps != longest_run; i = (i + 1) & p.mask, ++steps) {
    entry& place = p.entries()[i];
    word empty = 0;
    if (read_published(place.hash) != 0 || !replace(place.hash, empty, being_written)) continue;
    place.name = e.name;
    place.address = e.address;
    place.length = e.length;
    place.kinds = e.kinds;
    publish_value(place.hash, hash);
    return true;
  }
  return false;
}

bool symbol_cache::has_room(const places& p, std::uint64_t hash) noexcept {
  for (std::size_t i = hash & p.mask, steps = 0; steps != longest_run; i = (i + 1) & p.mask, ++steps)
    if (read_published(p.entries()[i].hash) == 0) return true;
  return false;
}

void symbol_cache::insert(std::uint64_t hash, const entry& e, bool stays) noexcept {
  places* const p = read_published(current_);
  if (!has_room(*p, hash)) grow(*p);
  places& now = *read_published(current_);
  if (!has_room(now, hash)) return; // before the name is copied, for nothing
  entry kept = e;
  if (!stays) kept.name = copy_name(e.name, e.length);
  if (kept.name != nullptr) static_cast<void>(put(now, hash, kept));
}

// What another thread puts into the old array meanwhile is forgotten, and looked up once more.
void symbol_cache::grow(places& full) noexcept {
  word idle = 0;
  if (full.mask + 1 >= last_capacity || !replace(growing_, idle, 1)) return;
  places* const grown = read_published(current_) == &full ? make_places((full.mask + 1) * 2, &full) : nullptr;
  for (std::size_t i = 0; grown != nullptr && i <= full.mask; ++i) {
    const entry& e = full.entries()[i];
    const word hash = read_published(e.hash);
    if (hash != 0 && hash != being_written) static_cast<void>(put(*grown, hash, e));
  }
  if (grown != nullptr) publish_value(current_, grown);
  publish_value(growing_, word{0});
}

const char* symbol_cache::copy_name(const char* name, std::size_t length) noexcept {
  void* const memory = ::operator new(sizeof(copied_name) + length + 1, std::nothrow);
  if (memory == nullptr) return nullptr;
  auto* const copy = ::new (memory) copied_name{read_published(names_)};
  std::memcpy(copy->text(), name, length + 1);
  while (!replace_pointer(names_, copy->next, copy)) {
  }
  return copy->text();
}

const symbol_cache::dependencies* symbol_cache::dependencies_of(void* handle) noexcept {
  if (const dependencies* const known = read_published(needed_)) return known;
  constexpr std::size_t most = 32; // libraries; a module that needs more asks the system
  os::symbol_table tables[most];
  std::unique_ptr<dependencies> made(new (std::nothrow) dependencies);
  if (made == nullptr) return nullptr;
  made->certain = os::dependency_tables(handle, tables, most, made->count);
  if (made->certain && made->count != 0) made->tables.reset(new (std::nothrow) os::symbol_table[made->count]);
  if (made->certain && made->count != 0 && made->tables == nullptr) return nullptr;
  for (std::size_t i = 0; made->certain && i != made->count; ++i) made->tables[i] = tables[i];
  const dependencies* const published = publish_once(needed_, made.get());
  if (published == made.get()) static_cast<void>(made.release());
  return published;
}

os::symbol_answer symbol_cache::ask_dependencies(void* handle, const char* name,
                                                 std::uint32_t gnu_hash) noexcept {
  const dependencies* const needed = dependencies_of(handle);
  if (needed == nullptr || !needed->certain) return {};
  os::symbol_answer all;
  all.verdict = os::symbol_verdict::elsewhere;
  all.for_all_threads = true;
  for (std::size_t i = 0; i != needed->count; ++i) {
    if (needed->tables[i].surely_not(gnu_hash)) continue;
    const os::symbol_answer one = needed->tables[i].find(name, gnu_hash);
    if (one.verdict == os::symbol_verdict::elsewhere) continue;
    all.verdict = os::symbol_verdict::ask_system; // which of several is the first, only the system knows
    all.for_all_threads &= one.for_all_threads;
  }
  return all;
}

} // namespace tenure::inline v1::detail
