// Where a module lies: asked of the loader's own list of objects.
#include "os/os.hpp"
#include "os/unsanitized.hpp"

#include <cstring>

#include <dlfcn.h>
#if defined(__APPLE__)
#  include <mach-o/dyld.h>
#  include <mach-o/loader.h>
#else
#  include "os/loaded_objects.hpp"
#  include <unistd.h>
#endif

namespace tenure::inline v1::os {

#if defined(__APPLE__)

namespace {

const mach_header* header_of(void* handle) noexcept {
  for (std::uint32_t i = 0; i != _dyld_image_count(); ++i) {
    void* const same = ::dlopen(_dyld_get_image_name(i), RTLD_LAZY | RTLD_NOLOAD);
    if (same == nullptr) continue;
    ::dlclose(same);
    if (same == handle) return _dyld_get_image_header(i);
  }
  return nullptr;
}

void measure(const mach_header* header, std::intptr_t slide, mapped_image& image) noexcept {
  const auto* command =
      reinterpret_cast<const load_command*>(reinterpret_cast<const mach_header_64*>(header) + 1);
  image.whole.begin = reinterpret_cast<std::uintptr_t>(header);
  for (std::uint32_t i = 0; i != header->ncmds; ++i) {
    if (command->cmd == LC_SEGMENT_64) {
      const auto* s = reinterpret_cast<const segment_command_64*>(command);
      const std::uintptr_t begin =
          static_cast<std::uintptr_t>(s->vmaddr) + static_cast<std::uintptr_t>(slide);
      const std::uintptr_t end = begin + static_cast<std::uintptr_t>(s->vmsize);
      if (end > image.whole.end) image.whole.end = end;
      if ((s->initprot & VM_PROT_EXECUTE) != 0 && image.code_count != max_code_ranges)
        image.code[image.code_count++] = {begin, end};
    }
    command =
        reinterpret_cast<const load_command*>(reinterpret_cast<const char*>(command) + command->cmdsize);
  }
}

} // namespace

bool describe(void* handle, mapped_image& image, std::string& path, bool) {
  const mach_header* const header = header_of(handle);
  for (std::uint32_t i = 0; header != nullptr && i != _dyld_image_count(); ++i) {
    if (_dyld_get_image_header(i) != header) continue;
    measure(header, _dyld_get_image_vmaddr_slide(i), image);
    path = _dyld_get_image_name(i);
    return true;
  }
  return false;
}

bool is_mapped(const mapped_image& image, const char* path) noexcept {
  for (std::uint32_t i = 0; i != _dyld_image_count(); ++i)
    if (reinterpret_cast<std::uintptr_t>(_dyld_get_image_header(i)) == image.whole.begin)
      return std::strcmp(_dyld_get_image_name(i), path) == 0;
  return false;
}

#else

namespace {

void add_code(mapped_image& image, address_range range) noexcept {
  if (image.code_count != max_code_ranges)
    image.code[image.code_count++] = range;
  else
    image.code[max_code_ranges - 1].end = range.end; // segments ascend: the last range grows over the gap
}

// Extends `image` by one loadable segment, in whole pages as the loader maps it.
void add_segment(mapped_image& image, std::uintptr_t bias, const ElfW(Phdr) & segment,
                 std::uintptr_t page) noexcept {
  const std::uintptr_t begin = (bias + segment.p_vaddr) & ~(page - 1);
  const std::uintptr_t end = (bias + segment.p_vaddr + segment.p_memsz + page - 1) & ~(page - 1);
  if (!image.known() || begin < image.whole.begin) image.whole.begin = begin;
  if (end > image.whole.end) image.whole.end = end;
  if ((segment.p_flags & PF_X) != 0) add_code(image, {begin, end});
}

std::uintptr_t page_size() noexcept { return static_cast<std::uintptr_t>(::getpagesize()); }

void add_segments(mapped_image& image, std::uintptr_t bias, const ElfW(Phdr) * segments,
                  std::size_t count) noexcept {
  const std::uintptr_t page = page_size();
  for (std::size_t i = 0; i != count; ++i)
    if (segments[i].p_type == PT_LOAD) add_segment(image, bias, segments[i], page);
}

struct search {
  const ElfW(Dyn) * dynamic; // tells the object: each has its own dynamic section
  mapped_image* image;
};

int measure(dl_phdr_info* object, std::size_t, void* context) noexcept {
  auto& wanted = *static_cast<search*>(context);
  bool mine = false;
  for (ElfW(Half) i = 0; i != object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type == PT_DYNAMIC)
      mine = object->dlpi_addr + segment.p_vaddr == reinterpret_cast<std::uintptr_t>(wanted.dynamic);
  }
  if (!mine) return 0;
  add_segments(*wanted.image, object->dlpi_addr, object->dlpi_phdr, object->dlpi_phnum);
  return 1;
}

// The program itself, which the loader leaves without a name.
constexpr const char* own_file = "/proc/self/exe";

TENURE_UNSANITIZED const char* name_of(const char* loader_name) noexcept {
  return loader_name != nullptr && *loader_name != '\0' ? loader_name : own_file;
}

struct presence {
  const mapped_image* image;
  const char* path;
  bool found = false;
};

#  if defined(DLFO_STRUCT_HAS_EH_DBASE) // glibc 2.35
// As strcmp, which ThreadSanitizer looks into: it does not see the loader's locks.
TENURE_UNSANITIZED bool same_name(const char* a, const char* b) noexcept {
  for (; *a == *b; ++a, ++b)
    if (*a == '\0') return true;
  return false;
}

// Asks for the one object that lies there, while the caller holds the loader's list: until that is let go
// nobody frees the object's name. Ends at the first object of the list: how many there are does not matter.
TENURE_UNSANITIZED int ask_there(dl_phdr_info*, std::size_t, void* context) noexcept {
  auto& wanted = *static_cast<presence*>(context);
  dl_find_object seen;
  if (::_dl_find_object(reinterpret_cast<void*>(wanted.image->whole.begin), &seen) != 0) return 1;
  const std::uintptr_t page = page_size();
  const auto begin = reinterpret_cast<std::uintptr_t>(seen.dlfo_map_start) & ~(page - 1);
  const std::uintptr_t end = (reinterpret_cast<std::uintptr_t>(seen.dlfo_map_end) + page - 1) & ~(page - 1);
  wanted.found = begin == wanted.image->whole.begin && end == wanted.image->whole.end &&
                 same_name(name_of(seen.dlfo_link_map->l_name), wanted.path);
  return 1;
}
#  else
// The name is compared too: another module may lie at the same address by now.
int ask_there(dl_phdr_info* object, std::size_t, void* context) noexcept {
  auto& wanted = *static_cast<presence*>(context);
  if (std::strcmp(name_of(object->dlpi_name), wanted.path) != 0) return 0;
  mapped_image seen;
  add_segments(seen, object->dlpi_addr, object->dlpi_phdr, object->dlpi_phnum);
  wanted.found = seen.whole.begin == wanted.image->whole.begin && seen.whole.end == wanted.image->whole.end;
  return wanted.found ? 1 : 0;
}
#  endif

// RTLD_DI_PHDR, which is not a macro.
#  define TENURE_SEGMENTS_BY_HANDLE 0
#  if defined(__GLIBC__)
#    if __GLIBC_PREREQ(2, 36)
#      undef TENURE_SEGMENTS_BY_HANDLE
#      define TENURE_SEGMENTS_BY_HANDLE 1
#    endif
#  endif

// Asks about the handle itself where the system can tell, as a search takes as long as there are objects.
bool measure_by_handle(void* handle, const link_map& map, mapped_image& image) noexcept {
#  if TENURE_SEGMENTS_BY_HANDLE
  const ElfW(Phdr)* segments = nullptr;
  const int count = ::dlinfo(handle, RTLD_DI_PHDR, &segments);
  if (count > 0) add_segments(image, map.l_addr, segments, static_cast<std::size_t>(count));
#  else
  static_cast<void>(handle);
  static_cast<void>(map);
#  endif
  return image.known();
}

#  if defined(__GLIBC__)
// The value of an entry of the dynamic section; 0 if it is not there.
ElfW(Xword) dynamic_value(const link_map& map, ElfW(Sxword) tag) noexcept {
  for (const ElfW(Dyn)* entry = map.l_ld; entry != nullptr && entry->d_tag != DT_NULL; ++entry)
    if (entry->d_tag == tag) return entry->d_un.d_val;
  return 0;
}

// True if its code takes an address in the fixed room. Linkers for aarch64 set no flag, so its relocations
// tell.
bool uses_static_tls(const link_map& map) noexcept {
#    if defined(__aarch64__)
  const auto* const first =
      reinterpret_cast<const ElfW(Rela)*>(dynamic_value(map, DT_RELA)); // an address by now
  const std::size_t count = dynamic_value(map, DT_RELASZ) / sizeof(ElfW(Rela));
  for (std::size_t i = 0; first != nullptr && i != count; ++i)
    if (ELF64_R_TYPE(first[i].r_info) == R_AARCH64_TLS_TPREL) return true;
#    endif
  return (dynamic_value(map, DT_FLAGS) & DF_STATIC_TLS) != 0;
}
#  endif

#  if defined(__GLIBC__)
struct listed {
  const void* handle;
  bool found = false;
};

// While the caller holds the loader's list.
TENURE_UNSANITIZED int look_in_list(dl_phdr_info*, std::size_t, void* context) noexcept {
  auto& wanted = *static_cast<listed*>(context);
  for (const link_map* m = _r_debug.r_map; m != nullptr && !wanted.found; m = m->l_next)
    wanted.found = m == wanted.handle;
  return 1; // how many objects there are does not matter
}
#  endif

// glibc's dlinfo reads whatever it is given as a handle: only what stands in the loader's list is one.
bool is_handle([[maybe_unused]] const void* handle) noexcept {
#  if defined(__GLIBC__)
  listed wanted{handle};
  for_each_object(look_in_list, &wanted);
  return wanted.found;
#  else
  return true; // dlinfo tells
#  endif
}

// Has variables of its own there, and does not only use those of others.
bool has_static_tls([[maybe_unused]] void* handle, [[maybe_unused]] const link_map& map) noexcept {
#  if defined(__GLIBC__)
  std::size_t number = 0;
  return ::dlinfo(handle, RTLD_DI_TLS_MODID, &number) == 0 && number != 0 && uses_static_tls(map);
#  else
  return false;
#  endif
}

} // namespace

// glibc, musl and the BSDs: a handle is (or leads to) a link_map. What is of another namespace is not found
// by its dynamic section.
bool describe(void* handle, mapped_image& image, std::string& path, bool foreign) {
  link_map* map = nullptr;
  if (foreign && !is_handle(handle)) return false;
  if (::dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) return false;
  path = name_of(map->l_name);
  if (foreign || !measure_by_handle(handle, *map, image)) {
    search wanted{map->l_ld, &image};
    for_each_object(measure, &wanted);
  }
  if (image.known()) image.static_tls = has_static_tls(handle, *map);
  return image.known();
}

bool is_mapped(const mapped_image& image, const char* path) noexcept {
#  if defined(DLFO_STRUCT_HAS_EH_DBASE) // a look-up without a lock, in some nanoseconds
  dl_find_object found;
  if (::_dl_find_object(reinterpret_cast<void*>(image.whole.begin), &found) != 0) return false;
#  endif
  presence wanted{&image, path};
  for_each_object(ask_there, &wanted);
  return wanted.found;
}

#endif

namespace {

#if defined(__linux__) && !defined(__GLIBC__) && !defined(__BIONIC__)
// musl asks which file a path leads to: one that is gone, as of a private copy, or by now another one, which
// may be loaded too. But its handles are the entries of its list, uncounted, and none of them ever goes.
void* handle_of_base(const void* base) noexcept {
  link_map* entry = nullptr;
  if (::dlinfo(::dlopen(nullptr, RTLD_LAZY), RTLD_DI_LINKMAP, &entry) != 0) return nullptr;
  while (entry != nullptr && reinterpret_cast<const void*>(entry->l_addr) != base) entry = entry->l_next;
  return entry;
}
#else
void* handle_of_base(const void*) noexcept { return nullptr; } // the handle is to be counted: by an open
#endif

} // namespace

void* handle_of_address(const void* address, fault& why) {
  Dl_info info{};
  const bool known = ::dladdr(address, &info) != 0 && info.dli_fname != nullptr;
  void* handle = known ? handle_of_base(info.dli_fbase) : nullptr;
  if (known && handle == nullptr) handle = ::dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) why.cause = errc::no_module_at_address;
  return handle;
}

} // namespace tenure::inline v1::os
