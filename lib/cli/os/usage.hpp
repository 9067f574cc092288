// What this process has of things that a module may leave behind.
#ifndef TENURE_LIB_CLI_OS_USAGE_HPP
#define TENURE_LIB_CLI_OS_USAGE_HPP

#include <cstdint>
#include <optional>

namespace tenure::cli {

struct process_usage {
  std::uint64_t resident_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t descriptors = 0;
  std::uint64_t images = 0;    ///< loaded libraries
  std::uint64_t tls_bytes = 0; ///< thread-local storage that they want of each thread
  std::uint64_t tls_keys = 0;  ///< pthread keys in use
};

/// Empty where the system does not tell.
std::optional<process_usage> measure_usage();

} // namespace tenure::cli

#endif
