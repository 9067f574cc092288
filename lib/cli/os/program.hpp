// This program as the system knows it.
#ifndef TENURE_LIB_CLI_OS_PROGRAM_HPP
#define TENURE_LIB_CLI_OS_PROGRAM_HPP

#include <string>
#include <vector>

namespace tenure::cli {

/// A path by which it can be started again.
std::string own_program();

/// What main was given, without the program's name, in the library's form of text (bytes on POSIX, UTF-8 on
/// Windows).
std::vector<std::string> own_arguments(int count, char** arguments);

/// In a child that tries a module: no core file, no dialogue, if it dies.
void die_quietly() noexcept;

} // namespace tenure::cli

#endif
