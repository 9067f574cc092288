// The system's loader without Tenure: for tests that look at references from outside.
#ifndef TENURE_TEST_SYSTEM_LOADER_HPP
#define TENURE_TEST_SYSTEM_LOADER_HPP

#include <string>

#if defined(_WIN32)
#  include "support/utf8.hpp"
#  include <windows.h>
#else
#  include <dlfcn.h>
#endif

namespace tenure_test {

#if defined(_WIN32)
inline void* raw_open(const std::string& file) {
  return reinterpret_cast<void*>(LoadLibraryW(path_of_utf8(file).c_str()));
}
inline void raw_close(void* handle) { FreeLibrary(reinterpret_cast<HMODULE>(handle)); }
#else
inline void* raw_open(const std::string& file) { return ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL); }
inline void raw_close(void* handle) { ::dlclose(handle); }
#endif

} // namespace tenure_test

#endif
