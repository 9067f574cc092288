// Which library or symbol made a load fail: Windows' loader says only that one did.
#ifndef TENURE_LIB_OS_WINDOWS_SEARCH_HPP
#define TENURE_LIB_OS_WINDOWS_SEARCH_HPP

#include "os/windows.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenure::inline v1::os {

// A library's file, found as the loader finds it and mapped as data: nothing of it runs.
class found_library {
public:
  found_library(const std::wstring& name, DWORD search) noexcept
      : module_(LoadLibraryExW(name.c_str(), nullptr, search | LOAD_LIBRARY_AS_DATAFILE)) {}
  found_library(const found_library&) = delete;
  found_library& operator=(const found_library&) = delete;
  found_library(found_library&& other) noexcept
      : module_(other.module_) {
    other.module_ = nullptr;
  }
  found_library& operator=(found_library&&) = delete;
  ~found_library() {
    if (module_ != nullptr) FreeLibrary(module_);
  }

  explicit operator bool() const noexcept { return module_ != nullptr; }
  // The file, up to the end of its last page.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept;

private:
  HMODULE module_;
};

// Searches as the load did that has just failed. Another thread or program may have changed the disk since:
// then nothing is found, and "" is the answer. May throw std::bad_alloc.
class dependency_search {
public:
  // `path` is what the loader was given: absolute or a bare name.
  dependency_search(const std::string& path, bool legacy);

  [[nodiscard]] bool module_found() const noexcept { return static_cast<bool>(module_); }
  // The first library, in the loader's order, that is nowhere, among those needed by the module and by the
  // libraries in its folder.
  [[nodiscard]] std::string absent_library() const;
  // The first one that is there but is no library for this process.
  [[nodiscard]] std::string foreign_library() const;
  // The first symbol that the module imports and none of the libraries it needs exports.
  [[nodiscard]] std::string undefined_symbol() const;

private:
  using names = std::vector<std::string>;
  using judgement = bool (*)(const found_library& library);

  [[nodiscard]] found_library find(const std::string& name) const;
  [[nodiscard]] std::string first_bad(std::span<const std::byte> module, judgement bad, names& seen) const;

  std::string folder_; // of the module; empty for a bare name
  DWORD search_;       // for what is not there
  found_library module_;
};

} // namespace tenure::inline v1::os

#endif
