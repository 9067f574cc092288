// What is really in the process, asked of the system and not of the library under test.
#ifndef TENURE_TEST_MAPPED_HPP
#define TENURE_TEST_MAPPED_HPP

#include <string>

#if defined(_WIN32)
#  include "support/utf8.hpp"
#  include <windows.h>
#elif defined(__APPLE__)
#  include <mach-o/dyld.h>
#else
#  include <link.h>
#endif

namespace tenure_test {

// How many images of this file are mapped; `file` is the whole path, as the system was given it.
#if defined(_WIN32)
// The loader also answers to other names of the file: this counts the image only under the name that it goes
// by.
inline int images_of(const std::string& file) {
  wchar_t asked[MAX_PATH], known[MAX_PATH];
  const HMODULE module = GetModuleHandleW(path_of_utf8(file).c_str());
  if (module == nullptr || GetModuleFileNameW(module, known, MAX_PATH) == 0) return 0;
  if (GetFullPathNameW(path_of_utf8(file).c_str(), MAX_PATH, asked, nullptr) == 0) return 0;
  return CompareStringOrdinal(asked, -1, known, -1, TRUE) == CSTR_EQUAL ? 1 : 0;
}
// Under whatever name.
inline bool is_mapped(const std::string& file) {
  return GetModuleHandleW(path_of_utf8(file).c_str()) != nullptr;
}
#elif defined(__APPLE__)
inline int images_of(const std::string& file) {
  int n = 0;
  for (std::uint32_t i = 0; i != _dyld_image_count(); ++i) n += file == _dyld_get_image_name(i) ? 1 : 0;
  return n;
}
#else
inline int images_of(const std::string& file) {
  struct wanted {
    const std::string& file;
    int found;
  } context{file, 0};
  const auto count = [](dl_phdr_info* object, std::size_t, void* data) {
    auto& w = *static_cast<wanted*>(data);
    w.found += w.file == object->dlpi_name ? 1 : 0;
    return 0;
  };
  ::dl_iterate_phdr(count, &context);
  return context.found;
}
#endif

#if !defined(_WIN32)
inline bool is_mapped(const std::string& file) { return images_of(file) != 0; }
#endif

} // namespace tenure_test

#endif
