// The residency chart: for each policy a band, for each popular module a lane, time to the right.
#ifndef TENURE_BENCH_SESSION_CHART_HPP
#define TENURE_BENCH_SESSION_CHART_HPP

#include "outcome.hpp"

namespace session {

// An SVG that reads on light and dark paper, by eyes that see all colours or few.
// Errors: throws std::system_error if the file cannot be written.
void write_chart(const outcome& o, const std::string& file);

} // namespace session

#endif
