// What this machine's processor is to its loader.
#ifndef TENURE_LIB_CLI_OS_PROCESSOR_HPP
#define TENURE_LIB_CLI_OS_PROCESSOR_HPP

#include <string>
#include <vector>

namespace tenure::cli {

/// The names below glibc-hwcaps that glibc's loader tries here, best first: "x86-64-v3". Empty where there
/// are none, or where they are not known to us (processors other than x86-64).
std::vector<std::string> processor_levels();

} // namespace tenure::cli

#endif
