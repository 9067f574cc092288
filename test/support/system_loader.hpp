// The system's loader without Tenure: for tests that look at references from outside.
#ifndef TENURE_TEST_SYSTEM_LOADER_HPP
#define TENURE_TEST_SYSTEM_LOADER_HPP

#include <string>

#if defined(_WIN32)
#  include "support/utf8.hpp"
#  include <windows.h>
#else
#  include <dlfcn.h>
struct dwarf_eh_bases; // of the unwinder
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

// True if all of this program is in a shared library that a small one calls: how test/cross/zig builds for
// musl.
#if defined(_WIN32)
inline bool program_is_a_library() { return false; }
#else
inline bool program_is_a_library() {
  static const int mine = 0;
  Dl_info info{};
  const std::string file = ::dladdr(&mine, &info) != 0 ? info.dli_fname : "";
  return file.size() > 3 && file.substr(file.size() - 3) == ".so";
}
#endif

// True if an exception can leave an initialiser: the loader's own functions must have unwind tables, as
// musl's have not. There the C++ runtime ends the process.
#if defined(_WIN32) || defined(__APPLE__)
inline bool loader_can_be_unwound() { return true; }
#else
extern "C" const void* _Unwind_Find_FDE(const void* address, ::dwarf_eh_bases* bases);
inline bool loader_can_be_unwound() {
  void* bases[8] = {}; // three pointers
  return _Unwind_Find_FDE(reinterpret_cast<const char*>(&::dlopen) + 1,
                          reinterpret_cast<::dwarf_eh_bases*>(bases)) != nullptr;
}
#endif

// True if the loader gives what it has loaded under a path, whatever file is there by now. musl looks which
// file it is.
#if defined(__linux__) && !defined(__GLIBC__) && !defined(__BIONIC__)
inline constexpr bool loader_goes_by_path = false;
#else
inline constexpr bool loader_goes_by_path = true;
#endif

// True if no memory is taken to tell that a symbol is not there. With musl its loader is asked, whose words
// are kept.
#if defined(__linux__) && !defined(__GLIBC__) && !defined(__BIONIC__)
inline constexpr bool misses_take_no_memory = false;
#else
inline constexpr bool misses_take_no_memory = true;
#endif

// True if the system can tell a function's address from a variable's.
#if defined(__GLIBC__)
inline constexpr bool functions_are_told = true;
#else
inline constexpr bool functions_are_told = false;
#endif

#if defined(RTLD_DEEPBIND)
inline constexpr bool has_deep_binding = true;
#else
inline constexpr bool has_deep_binding = false;
#endif

} // namespace tenure_test

#endif
