#include "cli/os/terminal.hpp"

#include <windows.h>

namespace tenure::cli {
namespace {

HANDLE handle_of(stream which) noexcept {
  return GetStdHandle(which == stream::out ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE);
}

} // namespace

bool is_terminal(stream which) noexcept {
  DWORD mode = 0;
  return GetConsoleMode(handle_of(which), &mode) != 0;
}

// Since Windows 10; before that the console shows the sequences.
bool enable_colours(stream which) noexcept {
  constexpr DWORD sequences = 0x4; // ENABLE_VIRTUAL_TERMINAL_PROCESSING
  DWORD mode = 0;
  const HANDLE console = handle_of(which);
  return GetConsoleMode(console, &mode) != 0 && SetConsoleMode(console, mode | sequences) != 0;
}

std::size_t columns(stream which) noexcept {
  CONSOLE_SCREEN_BUFFER_INFO about;
  const bool known = GetConsoleScreenBufferInfo(handle_of(which), &about) != 0;
  return known && about.dwSize.X > 0 ? static_cast<std::size_t>(about.dwSize.X) : 80;
}

} // namespace tenure::cli
