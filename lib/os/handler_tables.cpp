#include "handler_tables.hpp"

#include "loaded_objects.hpp"

#include <gnu/libc-version.h>
#include <link.h>
#include <pthread.h>

namespace tenure::inline v1::os {
namespace {

// From the first to the last page of an object's segments.
address_range extent_of(const dl_phdr_info& object) noexcept {
  address_range whole;
  for (ElfW(Half) i = 0; i != object.dlpi_phnum; ++i) {
    const auto& segment = object.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const std::uintptr_t begin = object.dlpi_addr + segment.p_vaddr;
    if (whole.size() == 0) whole.begin = begin;
    whole.end = begin + segment.p_memsz;
  }
  return whole;
}

const ElfW(Phdr) * find_segment(const dl_phdr_info& object, ElfW(Word) type) noexcept {
  for (ElfW(Half) i = 0; i != object.dlpi_phnum; ++i)
    if (object.dlpi_phdr[i].p_type == type) return &object.dlpi_phdr[i];
  return nullptr;
}

void note_module(const dl_phdr_info& object, module_traits& out) noexcept {
  const ElfW(Phdr)* const tls = find_segment(object, PT_TLS);
  if (tls == nullptr) return;
  out.tls_index = object.dlpi_tls_modid;
  const auto storage = reinterpret_cast<std::uintptr_t>(object.dlpi_tls_data);
  if (storage != 0) out.storage = {storage, storage + tls->p_memsz};
}

int note_object(dl_phdr_info* object, std::size_t, void* context) noexcept {
  auto& out = *static_cast<module_traits*>(context);
  const address_range whole = extent_of(*object);
  if (out.image.contains(whole.begin)) note_module(*object, out);
  // Through its own code: what is preloaded, a sanitizer's, may stand before the C library's.
  if (whole.contains(reinterpret_cast<std::uintptr_t>(::gnu_get_libc_version))) out.c_library = whole;
  return 0;
}

void no_destructor(void*) {}

} // namespace

// glibc keeps [number of uses][destructor] for each key. Which one stands at `at` is told by the distance to
// ours.
long thread_key_at(std::uintptr_t at, memory_reader& reader) noexcept {
  constexpr std::size_t most_keys = 1024, entry = 2 * sizeof(std::uintptr_t); // PTHREAD_KEYS_MAX
  pthread_key_t ours = 0;
  if (::pthread_key_create(&ours, no_destructor) != 0) return -1;
  long result = -1;
  for (std::size_t key = 0; key != most_keys && result < 0; ++key) {
    std::uintptr_t value = 0; // of ours, if `at` is that of `key`
    if (reader.read_word(at + (ours - key) * entry, value) &&
        value == reinterpret_cast<std::uintptr_t>(no_destructor))
      result = static_cast<long>(key);
  }
  ::pthread_key_delete(ours);
  return result;
}

module_traits module_traits::of(address_range image) noexcept {
  module_traits result;
  result.image = image;
  for_each_object(note_object, &result);
  Dl_info ignored{};
  void* map = nullptr;
  if (::dladdr1(reinterpret_cast<const void*>(image.begin), &ignored, &map, RTLD_DL_LINKMAP) != 0)
    result.link_map = reinterpret_cast<std::uintptr_t>(map);
  return result;
}

std::uintptr_t handler_tables::word_at(std::uintptr_t place, std::ptrdiff_t words_on) noexcept {
  constexpr std::ptrdiff_t word = sizeof(std::uintptr_t);
  const std::uintptr_t at = place + static_cast<std::uintptr_t>(words_on * word);
  if (at % sizeof(std::uintptr_t) != 0) return 0; // no table's
  if (!held_.contains(at)) hold_around(at);
  return held_.contains(at) ? words_[(at - held_.begin) / sizeof(std::uintptr_t)] : 0;
}

// The questions go up and down by some words, and on through a table: a read for each would take hundreds of
// times as long where a module has left thousands of exit handlers.
void handler_tables::hold_around(std::uintptr_t at) noexcept {
  const std::uintptr_t before = at - words_before * sizeof(std::uintptr_t);
  std::size_t got = reader_.read(before, words_, sizeof words_);
  held_ = {before, before + got};
  if (held_.contains(at)) return;
  got = reader_.read(at, words_, sizeof(std::uintptr_t)); // it may be the first of its mapping
  held_ = {at, at + (got == sizeof(std::uintptr_t) ? got : 0)};
}

// The variable __dso_handle of each module's start-up code has its own address as its value.
bool handler_tables::is_dso_handle(std::uintptr_t value) noexcept {
  if (dso_handle_ == 0 && module_.image.contains(value) && word_at(value, 0) == value) dso_handle_ = value;
  return value != 0 && value == dso_handle_;
}

// [kind][function, mangled][argument][DSO handle]; `place` is the function's.
note handler_tables::exit_entry(std::uintptr_t place) noexcept {
  constexpr std::uintptr_t of_on_exit = 2, of_old_atexit = 3, of_cxa_atexit = 4;
  const std::uintptr_t kind = word_at(place, -1);
  if (kind == of_cxa_atexit) return is_dso_handle(word_at(place, 2)) ? note::systems_own : note::exit_handler;
  return kind == of_on_exit || kind == of_old_atexit ? note::exit_handler : note::none;
}

// [before][in the parent][in the child][DSO handle]
bool handler_tables::is_fork_entry(const found_word& w) noexcept {
  if (!module_.c_library.contains(w.at)) return false;
  for (std::ptrdiff_t to_handle = 0; to_handle != 4; ++to_handle) {
    const std::uintptr_t value = word_at(w.at, to_handle);
    if (is_dso_handle(value)) return true;
    if (value != 0 && !module_.image.contains(value)) return false;
  }
  return false;
}

// A deleted key keeps its destructor; only its number of uses becomes an even one.
bool handler_tables::is_deleted_key(const found_word& w) noexcept {
  return module_.c_library.contains(w.at) && word_at(w.at, -1) % 2 == 0 && thread_key_at(w.at, reader_) >= 0;
}

// Its record; and [begin][end][record][unwind table] in the table by which addresses are looked up.
bool handler_tables::is_loaders(const found_word& w) noexcept {
  constexpr std::size_t record_size = 160 * sizeof(std::uintptr_t);
  const std::uintptr_t record = module_.link_map, begin = module_.image.begin;
  if (record == 0) return false;
  if (w.at - record < record_size) return true;
  return (w.value == begin && word_at(w.at, 2) == record) ||
         (word_at(w.at, -1) == begin && word_at(w.at, 1) == record) ||
         (word_at(w.at, -3) == begin && word_at(w.at, -1) == record);
}

note handler_tables::look_at(const found_word& w) noexcept {
  if (w.mangled) return exit_entry(w.at);
  if (is_loaders(w) || is_fork_entry(w) || is_deleted_key(w)) return note::systems_own;
  // As such an entry's argument, or as its handle.
  for (const std::ptrdiff_t back : {1, 2})
    if (exit_entry(w.at - static_cast<std::uintptr_t>(back) * sizeof(std::uintptr_t)) == note::systems_own)
      return note::systems_own;
  return note::none;
}

} // namespace tenure::inline v1::os
