// The chart of all questions: horizontal bars on a logarithmic scale.
#ifndef TENURE_BENCH_SPEED_BARS_HPP
#define TENURE_BENCH_SPEED_BARS_HPP

#include "outcome.hpp"

namespace bench {

// Errors: std::system_error.
void write_bars(const outcome& o, const std::string& file);

} // namespace bench

#endif
