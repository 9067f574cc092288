#include "cli/os/usage.hpp"

namespace tenure::cli {

std::optional<process_usage> measure_usage() { return std::nullopt; }

} // namespace tenure::cli
