#include "cli/os/terminal.hpp"

#include <cstdlib>
#include <string_view>
#include <unistd.h>

namespace tenure::cli {

bool is_terminal(stream which) noexcept {
  return ::isatty(which == stream::out ? STDOUT_FILENO : STDERR_FILENO) == 1;
}

bool enable_colours(stream) noexcept {
  const char* const kind = std::getenv("TERM");
  return kind != nullptr && std::string_view(kind) != "dumb";
}

} // namespace tenure::cli
