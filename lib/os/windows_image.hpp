// A module in memory, read by its own headers. The loader has checked them; nothing here checks again.
#ifndef TENURE_LIB_OS_WINDOWS_IMAGE_HPP
#define TENURE_LIB_OS_WINDOWS_IMAGE_HPP

#include "os/mapped_image.hpp"

#include <windows.h>

namespace tenure::inline v1::os {

// pre: the module stays loaded as long as this is used.
class module_view {
public:
  explicit module_view(HMODULE module) noexcept
      : base_(reinterpret_cast<std::uintptr_t>(module)) {}

  // False for a file that is mapped as data: its handle is no module's begin.
  [[nodiscard]] bool is_image() const noexcept {
    return base_ % 0x10000 == 0 && at<IMAGE_DOS_HEADER>(0)->e_magic == IMAGE_DOS_SIGNATURE;
  }

  [[nodiscard]] mapped_image measure() const noexcept;

  // Calls `visit(symbol, address)` for each import that the loader has bound, until it returns true; `symbol`
  // is null for an import by number. True if it was stopped.
  template <class Visit> bool any_import(Visit&& visit) const {
    const IMAGE_DATA_DIRECTORY& table = headers().OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
    if (table.VirtualAddress == 0) return false;
    for (auto* library = at<IMAGE_IMPORT_DESCRIPTOR>(table.VirtualAddress); library->Name != 0; ++library)
      if (any_of(*library, visit)) return true;
    return false;
  }

private:
  template <class T> [[nodiscard]] const T* at(std::uintptr_t offset) const noexcept {
    return reinterpret_cast<const T*>(base_ + offset);
  }
  [[nodiscard]] const IMAGE_NT_HEADERS& headers() const noexcept {
    return *at<IMAGE_NT_HEADERS>(static_cast<std::uintptr_t>(at<IMAGE_DOS_HEADER>(0)->e_lfanew));
  }

  template <class Visit> bool any_of(const IMAGE_IMPORT_DESCRIPTOR& library, Visit& visit) const {
    const auto* name = library.OriginalFirstThunk != 0 ? at<IMAGE_THUNK_DATA>(library.OriginalFirstThunk)
                                                       : nullptr; // the oldest linkers kept no names
    for (const auto* slot = at<IMAGE_THUNK_DATA>(library.FirstThunk); slot->u1.Function != 0; ++slot) {
      const bool named = name != nullptr && !IMAGE_SNAP_BY_ORDINAL(name->u1.Ordinal);
      const char* const symbol =
          named ? reinterpret_cast<const char*>(at<IMAGE_IMPORT_BY_NAME>(name->u1.AddressOfData)->Name)
                : nullptr;
      if (visit(symbol, static_cast<std::uintptr_t>(slot->u1.Function))) return true;
      if (name != nullptr) ++name;
    }
    return false;
  }

  std::uintptr_t base_;
};

} // namespace tenure::inline v1::os

#endif
