#include "output.hpp"

#include "json.hpp"
#include "style.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace tenure::cli {

void put(std::string_view text) noexcept { std::fwrite(text.data(), 1, text.size(), stdout); }

void complain(std::string_view what) {
  const auto line = fmt::format("tenure: {}\n", printable(what));
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int refuse(const std::string& path, const std::string& why, bool as_json) {
  complain(fmt::format("{}: {}", path, why));
  if (as_json) put(printed({{"version", 1}, {"path", path}, {"status", status_unreadable}, {"error", why}}));
  return status_unreadable;
}

bool all_was_put() {
  const bool flushed = std::fflush(stdout) == 0;
  if (flushed && std::ferror(stdout) == 0) return true;
  complain(fmt::format("the output could not be written{}{}", flushed ? "" : ": ",
                       flushed ? "" : std::strerror(errno)));
  return false;
}

} // namespace tenure::cli
