#include "style.hpp"

#include "os/terminal.hpp"
#include "printable_text.hpp"

#include <fmt/core.h>

#include <cstdlib>

namespace tenure::cli {
namespace {

bool wants_colours(colour_choice choice) {
  if (choice != colour_choice::automatic) return choice == colour_choice::always;
  const char* const objection = std::getenv("NO_COLOR");
  return (objection == nullptr || *objection == '\0') && is_terminal(stream::out) &&
         enable_colours(stream::out);
}

} // namespace

style::style(colour_choice choice)
    : colours_(wants_colours(choice)) {}

std::string style::painted(std::string_view code, std::string_view text) const {
  return colours_ ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
}

std::string printable(std::string_view text) { return detail::printable(text); }

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

} // namespace tenure::cli
