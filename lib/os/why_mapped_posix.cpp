// Evidence from the loader's own tables: the DT_NEEDED entries of all objects, and the slots that their
// relocations bound. Both are read where they lie, under the loader's lock, into fixed buffers: nothing may
// throw there.
#include "os/unsanitized.hpp"
#include "os/why_mapped.hpp"

#include <fmt/core.h>

#include <cstring>

#if !defined(__APPLE__)
#  include "os/loaded_objects.hpp"
#endif

namespace tenure::inline v1::os {

bool loader_unmaps() noexcept {
#if defined(__linux__) && !defined(__GLIBC__) && !defined(__BIONIC__)
  return false; // musl, which has no macro to tell it by: its dlclose only looks whether the handle is one
#else
  return true;
#endif
}

#if defined(__APPLE__)

detail::linger_finding why_mapped(const std::string&, const mapped_image&) {
  return {linger_reason::unknown,
          "dyld keeps images with thread-local variables or Objective-C classes for ever"};
}

#else

namespace {

using dynamic_entry = ElfW(Dyn);
constexpr std::size_t longest_name = 256; // bytes of a name that a report shows

// The parts of an object's dynamic section that tell what it needs and what it is bound to.
struct dynamic_tables {
  const char* strings = nullptr;
  const ElfW(Sym) * symbols = nullptr;
  const char* relocations[2] = {}; // DT_RELA or DT_REL, and DT_JMPREL
  std::size_t sizes[2] = {};
  std::size_t entry_size = sizeof(ElfW(Rela));
};

struct evidence {
  const mapped_image& image;
  std::string_view file_name; // of the lingering module
  linger_reason reason = linger_reason::unknown;
  char object[longest_name] = {};
  char symbol[longest_name] = {};
};

void copy_name(char (&to)[longest_name], const char* from) noexcept {
  std::strncpy(to, from, longest_name - 1);
}

// glibc stores addresses in the dynamic section relocated, other loaders as they are in the file.
std::uintptr_t address_in(const dl_phdr_info& object, std::uintptr_t value) noexcept {
  return value < object.dlpi_addr ? object.dlpi_addr + value : value;
}

template <class T> const T* pointer_in(const dl_phdr_info& object, const dynamic_entry& entry) noexcept {
  return reinterpret_cast<const T*>(address_in(object, entry.d_un.d_ptr));
}

const dynamic_entry* dynamic_section(const dl_phdr_info& object) noexcept {
  for (ElfW(Half) i = 0; i != object.dlpi_phnum; ++i)
    if (object.dlpi_phdr[i].p_type == PT_DYNAMIC)
      return reinterpret_cast<const dynamic_entry*>(object.dlpi_addr + object.dlpi_phdr[i].p_vaddr);
  return nullptr;
}

void note_entry(const dl_phdr_info& object, const dynamic_entry& entry, dynamic_tables& t) noexcept {
  switch (entry.d_tag) {
  case DT_STRTAB:
    t.strings = pointer_in<char>(object, entry);
    break;
  case DT_SYMTAB:
    t.symbols = pointer_in<ElfW(Sym)>(object, entry);
    break;
  case DT_RELA:
  case DT_REL:
    t.relocations[0] = pointer_in<char>(object, entry);
    break;
  case DT_RELASZ:
  case DT_RELSZ:
    t.sizes[0] = entry.d_un.d_val;
    break;
  case DT_RELENT:
    t.entry_size = sizeof(ElfW(Rel));
    break;
  case DT_JMPREL:
    t.relocations[1] = pointer_in<char>(object, entry);
    break;
  case DT_PLTRELSZ:
    t.sizes[1] = entry.d_un.d_val;
    break;
  default:
    break;
  }
}

dynamic_tables tables_of(const dl_phdr_info& object, const dynamic_entry* dynamic) noexcept {
  dynamic_tables t;
  for (; dynamic->d_tag != DT_NULL; ++dynamic) note_entry(object, *dynamic, t);
  return t;
}

bool needs(const dynamic_entry* dynamic, const dynamic_tables& t, std::string_view file_name) noexcept {
  for (; dynamic->d_tag != DT_NULL; ++dynamic)
    if (dynamic->d_tag == DT_NEEDED && file_name == t.strings + dynamic->d_un.d_val) return true;
  return false;
}

constexpr std::size_t symbol_of(std::uint64_t info) noexcept {
  return sizeof(void*) == 8 ? info >> 32 : info >> 8;
}

// A slot of another object, which may lie in the red zone of a sanitized variable or, packed, at an odd
// address.
TENURE_UNSANITIZED std::uintptr_t slot_at(std::uintptr_t address) noexcept {
  using slot [[gnu::aligned(1), gnu::may_alias]] = std::uintptr_t;
  return *reinterpret_cast<const volatile slot*>(address);
}

// The first symbol of `object` that was bound to an address in the image; null if none was.
const char* bound_symbol(const dl_phdr_info& object, const dynamic_tables& t,
                         const mapped_image& image) noexcept {
  for (std::size_t table = 0; table != 2; ++table)
    for (std::size_t at = 0; at + t.entry_size <= t.sizes[table] && t.relocations[table] != nullptr;
         at += t.entry_size) {
      const auto& r = *reinterpret_cast<const ElfW(Rel)*>(t.relocations[table] + at);
      const std::size_t symbol = symbol_of(r.r_info);
      if (symbol == 0) continue; // a relative one: into the object itself
      if (image.whole.contains(slot_at(object.dlpi_addr + r.r_offset)))
        return t.strings + t.symbols[symbol].st_name;
    }
  return nullptr;
}

bool lies_in(const dl_phdr_info& object, const mapped_image& image) noexcept {
  return image.whole.contains(reinterpret_cast<std::uintptr_t>(dynamic_section(object)));
}

int look_at_object(dl_phdr_info* object, std::size_t, void* context) noexcept {
  auto& found = *static_cast<evidence*>(context);
  const dynamic_entry* const dynamic = dynamic_section(*object);
  const bool is_kernel = dynamic != nullptr && dynamic->d_tag == DT_NULL;
  if (dynamic == nullptr || is_kernel || lies_in(*object, found.image)) return 0;
  const dynamic_tables t = tables_of(*object, dynamic);
  if (t.strings == nullptr || t.symbols == nullptr) return 0;
  const char* const symbol = bound_symbol(*object, t, found.image);
  const bool needed = needs(dynamic, t, found.file_name);
  if (symbol == nullptr && !needed) return 0;
  found.reason = needed ? linger_reason::needed_by : linger_reason::bound_back;
  copy_name(found.object, *object->dlpi_name != '\0' ? object->dlpi_name : "the program itself");
  if (symbol != nullptr) copy_name(found.symbol, symbol);
  return 1;
}

} // namespace

detail::linger_finding why_mapped(const std::string& path, const mapped_image& image) {
  if (!loader_unmaps())
    return {linger_reason::loader_never_unloads,
            "this system's dlclose never unmaps; only the end of the process does"};
  evidence found{image, std::string_view(path).substr(path.rfind('/') + 1)};
  for_each_object(look_at_object, &found);
  if (found.reason == linger_reason::needed_by)
    return {found.reason, fmt::format("{} is linked with it (DT_NEEDED) and still loaded", found.object)};
  if (found.reason == linger_reason::bound_back)
    return {found.reason,
            fmt::format("{} is resident and bound {} to it; define that symbol in one of them only, or hide "
                        "it in the module (-fvisibility=hidden)",
                        found.object, found.symbol)};
  return {};
}

#endif

} // namespace tenure::inline v1::os
