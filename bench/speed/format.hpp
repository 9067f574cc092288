// Figures as text.
#ifndef TENURE_BENCH_SPEED_FORMAT_HPP
#define TENURE_BENCH_SPEED_FORMAT_HPP

#include "measurement.hpp"

namespace bench {

// Three digits, and thousands apart: "2.04", "36,381".
[[nodiscard]] std::string figure(double value);
// The median with who it is of: "GModule 41.2".
[[nodiscard]] std::string with_name(const measurement* m);
// "-" for null.
[[nodiscard]] std::string median_of(const measurement* m);

} // namespace bench

#endif
