// Loads a module by the system's own means, and finds out where it lies: independent of the library under
// test.
#ifndef TENURE_TEST_DEPARTURE_LOADED_MODULE_HPP
#define TENURE_TEST_DEPARTURE_LOADED_MODULE_HPP

#include "os/mapped_image.hpp"

#include <cstdio>
#include <cstdlib>

#if defined(_WIN32)
#  include <windows.h>
#else
#  include <dlfcn.h>
#  if defined(__APPLE__)
#    include <mach-o/loader.h>
#  else
#    include <link.h>
#  endif
#endif

namespace departure {

namespace os = tenure::os;

class loaded_module {
public:
  explicit loaded_module(const char* path)
      : handle_(open(path)) {
    if (handle_ == nullptr) give_up("cannot load", path);
    describe();
    if (image_.code_count == 0) give_up("no code found in", path);
  }

  // The function `name`, of the module's declared type.
  template <typename Function> Function* function(const char* name) const {
    void* const address = find(name);
    if (address == nullptr) give_up("no symbol", name);
    return reinterpret_cast<Function*>(address);
  }

  [[nodiscard]] const os::mapped_image& image() const noexcept { return image_; }

private:
  [[noreturn]] static void give_up(const char* what, const char* which) {
    std::fprintf(stderr, "%s %s\n", what, which);
    std::exit(2);
  }

  void add_segment(std::uintptr_t begin, std::uintptr_t end, bool executable) noexcept {
    if (image_.whole.size() == 0) image_.whole.begin = begin;
    if (image_.whole.end < end) image_.whole.end = end;
    if (executable && image_.code_count != os::max_code_ranges)
      image_.code[image_.code_count++] = {begin, end};
  }

#if defined(_WIN32)
  static void* open(const char* path) { return reinterpret_cast<void*>(LoadLibraryA(path)); }
  [[nodiscard]] void* find(const char* name) const {
    return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(handle_), name));
  }

  void describe() noexcept {
    const auto base = reinterpret_cast<std::uintptr_t>(handle_);
    const auto* dos = reinterpret_cast<const IMAGE_DOS_HEADER*>(base);
    const auto* headers = reinterpret_cast<const IMAGE_NT_HEADERS*>(base + static_cast<DWORD>(dos->e_lfanew));
    add_segment(base, base + headers->OptionalHeader.SizeOfImage, false);
    const IMAGE_SECTION_HEADER* section = IMAGE_FIRST_SECTION(headers);
    for (WORD i = 0; i != headers->FileHeader.NumberOfSections; ++i, ++section)
      if ((section->Characteristics & IMAGE_SCN_MEM_EXECUTE) != 0)
        add_segment(base + section->VirtualAddress,
                    base + section->VirtualAddress + section->Misc.VirtualSize, true);
  }
#else
  static void* open(const char* path) {
    void* const handle = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) std::fprintf(stderr, "%s\n", ::dlerror());
    return handle;
  }
  [[nodiscard]] void* find(const char* name) const { return ::dlsym(handle_, name); }

#  if defined(__APPLE__)
  void describe() noexcept {
    Dl_info info{};
    if (::dladdr(find("departure_call"), &info) == 0) return;
    const auto* const header = static_cast<const mach_header_64*>(info.dli_fbase);
    const auto base = reinterpret_cast<std::uintptr_t>(header); // a library is linked for address 0
    const auto* command = reinterpret_cast<const load_command*>(header + 1);
    for (std::uint32_t i = 0; i != header->ncmds; ++i) {
      const auto* const segment = reinterpret_cast<const segment_command_64*>(command);
      if (command->cmd == LC_SEGMENT_64)
        add_segment(base + segment->vmaddr, base + segment->vmaddr + segment->vmsize,
                    (segment->initprot & VM_PROT_EXECUTE) != 0);
      command =
          reinterpret_cast<const load_command*>(reinterpret_cast<const char*>(command) + command->cmdsize);
    }
  }
#  else
  void describe() noexcept {
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* self) {
          static_cast<loaded_module*>(self)->describe(*info);
          return 0;
        },
        this);
  }

  void describe(const dl_phdr_info& info) noexcept {
    if (static_cast<const link_map*>(handle_)->l_addr != info.dlpi_addr)
      return; // glibc: the handle is a link_map
    for (int i = 0; i != info.dlpi_phnum; ++i) {
      const ElfW(Phdr)& segment = info.dlpi_phdr[i];
      const std::uintptr_t begin = info.dlpi_addr + segment.p_vaddr;
      if (segment.p_type == PT_LOAD)
        add_segment(begin, begin + segment.p_memsz, (segment.p_flags & PF_X) != 0);
    }
  }
#  endif
#endif

  void* handle_;
  os::mapped_image image_;
};

} // namespace departure

#endif
