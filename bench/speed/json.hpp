// All figures, in a file and between processes.
#ifndef TENURE_BENCH_SPEED_JSON_HPP
#define TENURE_BENCH_SPEED_JSON_HPP

#include "outcome.hpp"

namespace bench {

[[nodiscard]] std::string pack(const measurements& all);
[[nodiscard]] measurements unpack(const std::string& packed);
// Errors: std::system_error.
void write_json(const outcome& o, const std::string& file);

} // namespace bench

#endif
