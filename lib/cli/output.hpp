// What the command says, and whether it could be said.
#ifndef TENURE_LIB_CLI_OUTPUT_HPP
#define TENURE_LIB_CLI_OUTPUT_HPP

#include <string>
#include <string_view>

namespace tenure::cli {

/// To the standard output.
void put(std::string_view text) noexcept;

/// A line on the standard error output, made printable: "tenure: what".
void complain(std::string_view what);

/// That one file cannot be answered for: as a line, or as JSON. `why`: a clause. Returns status_unreadable.
int refuse(const std::string& path, const std::string& why, bool as_json);

/// True if all that was said has been written. Otherwise it complains: a full disk must not look like a good
/// report.
bool all_was_put();

} // namespace tenure::cli

#endif
