// The chart of how costs grow: with modules, with threads, with the share of idle modules.
#ifndef TENURE_BENCH_SPEED_CURVES_HPP
#define TENURE_BENCH_SPEED_CURVES_HPP

#include "outcome.hpp"

namespace bench {

// Errors: std::system_error.
void write_curves(const outcome& o, const std::string& file);

} // namespace bench

#endif
