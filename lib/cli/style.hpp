// Colours, where the terminal has them and nobody objects (NO_COLOR, see no-color.org).
#ifndef TENURE_LIB_CLI_STYLE_HPP
#define TENURE_LIB_CLI_STYLE_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace tenure::cli {

enum class colour_choice : unsigned char { automatic, always, never };

class style {
public:
  explicit style(colour_choice);

  std::string good(std::string_view text) const { return painted("32", text); }
  std::string bad(std::string_view text) const { return painted("31", text); }
  std::string warning(std::string_view text) const { return painted("33", text); }
  std::string strong(std::string_view text) const { return painted("1", text); }
  std::string faint(std::string_view text) const { return painted("2", text); }

private:
  std::string painted(std::string_view code, std::string_view text) const;
  bool colours_;
};

/// Text from a file or a file's name, which may hold anything: what a terminal would obey is made visible.
std::string printable(std::string_view text);

/// "1 symbol", "2 symbols".
std::string counted(std::uint64_t count, std::string_view noun);

} // namespace tenure::cli

#endif
