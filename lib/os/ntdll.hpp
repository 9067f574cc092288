// What ntdll exports and the headers lack.
#ifndef TENURE_LIB_OS_NTDLL_HPP
#define TENURE_LIB_OS_NTDLL_HPP

#include <windows.h>

namespace tenure::inline v1::os {

// Null if this system has no such function.
template <typename Function> Function* system_function(const char* name) noexcept {
  return reinterpret_cast<Function*>(
      reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"ntdll.dll"), name)));
}

} // namespace tenure::inline v1::os

#endif
