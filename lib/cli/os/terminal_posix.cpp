#include "cli/os/terminal.hpp"

#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace tenure::cli {

bool is_terminal(stream which) noexcept {
  return ::isatty(which == stream::out ? STDOUT_FILENO : STDERR_FILENO) == 1;
}

bool enable_colours(stream) noexcept {
  const char* const kind = std::getenv("TERM");
  return kind != nullptr && std::string_view(kind) != "dumb";
}

std::size_t columns(stream which) noexcept {
  winsize size{};
  const int got = ::ioctl(which == stream::out ? STDOUT_FILENO : STDERR_FILENO, TIOCGWINSZ, &size);
  return got == 0 && size.ws_col != 0 ? size.ws_col : 80;
}

} // namespace tenure::cli
