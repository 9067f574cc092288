#include "cli/os/program.hpp"

#include "os/windows.hpp"

#include <shellapi.h>

namespace tenure::cli {

std::string own_program() {
  return os::narrow(os::path_of(GetModuleHandleW(nullptr)), os::strictness::lenient);
}

// What main gets is in the code page of old programs.
std::vector<std::string> own_arguments(int, char**) {
  SetConsoleOutputCP(CP_UTF8);
  int count = 0;
  wchar_t** const wide = CommandLineToArgvW(GetCommandLineW(), &count);
  std::vector<std::string> result;
  for (int i = 1; i < count; ++i) result.push_back(os::narrow(wide[i], os::strictness::lenient));
  LocalFree(wide);
  return result;
}

void die_quietly() noexcept {
  SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
}

} // namespace tenure::cli
