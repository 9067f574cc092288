// What the standard streams lead to.
#ifndef TENURE_LIB_CLI_OS_TERMINAL_HPP
#define TENURE_LIB_CLI_OS_TERMINAL_HPP

#include <cstddef>

namespace tenure::cli {

enum class stream : unsigned char { out, error };

/// Whether a person reads there.
bool is_terminal(stream) noexcept;
/// Makes the terminal of `stream` understand colours. False if it cannot.
bool enable_colours(stream) noexcept;
/// How many characters a line has; 80 where nobody knows.
std::size_t columns(stream) noexcept;

} // namespace tenure::cli

#endif
