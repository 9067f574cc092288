// Where a module lies: asked of the loader, and of the headers that every module has at its begin.
#include "os/windows_image.hpp"

#include "os/careful_reader.hpp"
#include "os/windows.hpp"

#include <new>

namespace tenure::inline v1::os {

namespace {

constexpr std::uintptr_t page = 4096; // of every processor that Windows runs on

void add_code(mapped_image& image, address_range range) noexcept {
  if (image.code_count != max_code_ranges)
    image.code[image.code_count++] = range;
  else
    image.code[max_code_ranges - 1].end = range.end; // sections ascend: the last range grows over the gap
}

// The module that begins or lies around an address; no reference is taken. Null if there is none.
HMODULE module_at(std::uintptr_t address) noexcept {
  HMODULE module = nullptr;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                     reinterpret_cast<const wchar_t*>(address), &module);
  return module;
}

// Read carefully: another thread may unmap the headers meanwhile. K32GetModuleInformation walks the loader's
// list without its lock and, while others load, finds nothing now and then.
bool same_size(HMODULE module, const address_range& whole) noexcept {
  const auto base = reinterpret_cast<std::uintptr_t>(module);
  careful_reader reader;
  IMAGE_DOS_HEADER dos{};
  IMAGE_NT_HEADERS nt{};
  return reader.read(base, &dos, sizeof dos) &&
         reader.read(base + static_cast<std::uintptr_t>(dos.e_lfanew), &nt, sizeof nt) &&
         nt.OptionalHeader.SizeOfImage == whole.size();
}

// Whether the loader knows it under this path, without regard to case. The file's own name would not tell:
// two folders may have copies of one module, and the second is loaded to where the first one was. Allocates
// nothing.
bool same_path(HMODULE module, const char* path) noexcept {
  constexpr DWORD most = 1024; // UTF-16 units: all paths but those that are compared by their files
  wchar_t loaded[most], known[most];
  const DWORD length = GetModuleFileNameW(module, loaded, most);
  const int wide = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, known, most);
  return length != 0 && length < most && wide != 0 &&
         CompareStringOrdinal(loaded, static_cast<int>(length), known, wide - 1, TRUE) == CSTR_EQUAL;
}

// Two names may lead to one file (a hard link). Opens both files; without memory for that they count as one.
bool same_file(HMODULE module, const char* path) noexcept {
  try {
    const std::string loaded_as = narrow(path_of(module));
    if (loaded_as == path) return true;
    fault ignored;
    file_identity loaded, known;
    return identify(loaded_as, loaded, ignored) && identify(path, known, ignored) && loaded == known;
  } catch (const std::bad_alloc&) {
    return true;
  }
}

} // namespace

mapped_image module_view::measure() const noexcept {
  mapped_image image;
  const IMAGE_NT_HEADERS& nt = headers();
  image.whole = {base_, base_ + nt.OptionalHeader.SizeOfImage};
  const IMAGE_SECTION_HEADER* section = IMAGE_FIRST_SECTION(&nt);
  for (WORD i = 0; i != nt.FileHeader.NumberOfSections; ++i, ++section) {
    if ((section->Characteristics & IMAGE_SCN_MEM_EXECUTE) == 0) continue;
    const std::uintptr_t begin = base_ + section->VirtualAddress;
    const DWORD size = section->Misc.VirtualSize != 0 ? section->Misc.VirtualSize : section->SizeOfRawData;
    add_code(image, {begin, (begin + size + page - 1) & ~(page - 1)});
  }
  return image;
}

std::wstring path_of(HMODULE module) {
  return grow([module](wchar_t* buffer, DWORD size) { return GetModuleFileNameW(module, buffer, size); });
}

bool describe(void* handle, mapped_image& image, std::string& path, bool) {
  const auto module = static_cast<HMODULE>(handle);
  if (module == nullptr || module_at(reinterpret_cast<std::uintptr_t>(module)) != module) return false;
  const module_view view(module);
  if (!view.is_image()) return false;
  image = view.measure();
  path = narrow(path_of(module));
  return true;
}

// The address alone does not tell: another module may lie there by now, at the very same handle. Takes no
// reference, which could turn out to be the last one. Allocates only where another module lies there, or the
// path is very long.
bool is_mapped(const mapped_image& image, const char* path) noexcept {
  const HMODULE module = module_at(image.whole.begin);
  return reinterpret_cast<std::uintptr_t>(module) == image.whole.begin && same_size(module, image.whole) &&
         (same_path(module, path) || same_file(module, path));
}

void* handle_of_address(const void* address, fault& why) {
  HMODULE module = nullptr;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, static_cast<const wchar_t*>(address), &module);
  if (module != nullptr && module != GetModuleHandleW(nullptr)) return module;
  if (module != nullptr) FreeLibrary(module); // the program itself, which is no module
  refuse(why, errc::no_module_at_address, "GetModuleHandleExW", GetLastError());
  return nullptr;
}

} // namespace tenure::inline v1::os
