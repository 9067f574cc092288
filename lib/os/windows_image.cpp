// Where a module lies: asked of the loader, and of the headers that every module has at its begin.
#include "os/windows_image.hpp"

#include "os/windows.hpp"

#include <new>

#define PSAPI_VERSION 2 // the names in kernel32, no other library
#include <psapi.h>

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

// Asked of the loader's list and not of the headers: another thread may unmap them meanwhile.
bool same_place(HMODULE module, const address_range& whole) noexcept {
  MODULEINFO info{};
  return reinterpret_cast<std::uintptr_t>(module) == whole.begin &&
         K32GetModuleInformation(GetCurrentProcess(), module, &info, sizeof info) != 0 &&
         info.SizeOfImage == whole.size();
}

// The part behind the last slash, without regard to case. Allocates nothing.
bool same_file_name(HMODULE module, const char* path) noexcept {
  constexpr DWORD most = 256; // UTF-16 units; file systems allow 255
  wchar_t loaded[most], known[most];
  const char* name = path;
  for (const char* p = path; *p != '\0'; ++p)
    if (*p == '\\' || *p == '/') name = p + 1;
  const DWORD length = K32GetModuleBaseNameW(GetCurrentProcess(), module, loaded, most);
  const int wide = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, name, -1, known, most);
  return wide != 0 &&
         CompareStringOrdinal(loaded, static_cast<int>(length), known, wide - 1, TRUE) == CSTR_EQUAL;
}

// Two names may lead to one file (a hard link). Opens both files; without memory for that they count as one.
bool same_file(HMODULE module, const char* path) noexcept {
  try {
    fault ignored;
    file_identity loaded, known;
    return identify(narrow(path_of(module)), loaded, ignored) && identify(path, known, ignored) &&
           loaded == known;
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

bool describe(void* handle, mapped_image& image, std::string& path) {
  const auto module = static_cast<HMODULE>(handle);
  if (module == nullptr || module_at(reinterpret_cast<std::uintptr_t>(module)) != module) return false;
  const module_view view(module);
  if (!view.is_image()) return false;
  image = view.measure();
  path = narrow(path_of(module));
  return true;
}

// The address alone does not tell: another module may lie there by now, at the very same handle. Takes no
// reference, which could turn out to be the last one. Allocates only in the rare case that the system knows
// the module under another file name.
bool is_mapped(const mapped_image& image, const char* path) noexcept {
  const HMODULE module = module_at(image.whole.begin);
  return module != nullptr && same_place(module, image.whole) &&
         (same_file_name(module, path) || same_file(module, path));
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
