#include "reference_names.hpp"

#include "loaded_objects.hpp"

#include <cstring>

#include <link.h>
#include <unistd.h>

namespace tenure::inline v1::os {
namespace {

template <std::size_t Size> void copy_end(char (&to)[Size], const char* from, std::size_t length) noexcept {
  if (length >= Size) from += length - (Size - 1), length = Size - 1;
  std::memcpy(to, from, length);
  to[length] = '\0';
}

template <std::size_t Size> void copy_end(char (&to)[Size], const char* from) noexcept {
  if (from != nullptr) copy_end(to, from, std::strlen(from));
}

struct storage_search {
  std::uintptr_t at;
  reference_place* out;
};

int find_storage(dl_phdr_info* object, std::size_t, void* context) noexcept {
  const auto& wanted = *static_cast<const storage_search*>(context);
  const auto begin = reinterpret_cast<std::uintptr_t>(object->dlpi_tls_data);
  for (ElfW(Half) i = 0; begin != 0 && i != object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_TLS || wanted.at - begin >= segment.p_memsz) continue;
    copy_end(wanted.out->owner, object->dlpi_name);
    return 1;
  }
  return 0;
}

} // namespace

bool place_names::name_thread_data(std::uintptr_t at, reference_place& out) noexcept {
  storage_search wanted{at, &out};
  return for_each_object(find_storage, &wanted) != 0;
}

bool place_names::name_static_data(std::uintptr_t at, reference_place& out) noexcept {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(at), &info) == 0) return false;
  copy_end(out.owner, info.dli_fname);
  copy_end(out.symbol, info.dli_sname);
  return true;
}

bool place_names::is_in_environment(std::uintptr_t at) noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(environ);
  if (begin == 0 || at < begin || (at - begin) % sizeof(char*) != 0) return false;
  constexpr std::size_t most_entries = 65536;
  if (at - begin >= most_entries * sizeof(char*)) return false;
  std::uintptr_t entry = 1;
  for (std::uintptr_t i = begin; i != at && entry != 0;) {
    if (!reader_.read_word(i, entry)) return false;
    i += sizeof(char*);
  }
  return entry != 0;
}

place_kind place_names::kind_in_memory(const found_word& w, reference_place& out) noexcept {
  if (w.mangled) return place_kind::exit_handler;
  if (is_in_environment(w.at)) return place_kind::environment;
  if (name_thread_data(w.at, out)) return place_kind::thread_data;
  if (w.in_heap) return place_kind::heap;
  mapping m;
  if (!find_mapping(w.at, m)) return place_kind::other_mapping;
  out.number = m.anonymous() ? limits_.thread_at(m, w.at, reader_) : 0;
  if (out.number != 0) return place_kind::stack;
  if (name_static_data(w.at, out)) {
    if (!module_.c_library.contains(w.at)) return place_kind::static_data;
    out.number = thread_key_at(w.at, reader_);
    return out.number < 0 ? place_kind::static_data : place_kind::thread_key;
  }
  copy_end(out.owner, m.name_text, m.name_length);
  return place_kind::other_mapping;
}

void place_names::describe(const found_word& w, reference_place& out) noexcept {
  out = {};
  out.offset = w.value - module_.image.begin;
  out.unreached = w.unreached;
  if (w.at < first_timer_place) {
    out.kind = place_kind::signal_handler;
    out.number = static_cast<long>(w.at - first_signal_place);
  } else if (w.at < end_of_places) {
    out.kind = place_kind::timer;
    out.number = static_cast<long>(w.at - first_timer_place);
  } else {
    out.address = w.at;
    out.block = w.block;
    out.kind = kind_in_memory(w, out);
  }
}

} // namespace tenure::inline v1::os
