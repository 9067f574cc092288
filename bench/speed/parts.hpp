// All questions, in parts: each has a process of its own, so that what one loads or keeps is not in another's
// way.
#ifndef TENURE_BENCH_SPEED_PARTS_HPP
#define TENURE_BENCH_SPEED_PARTS_HPP

#include "../support/progress.hpp"
#include "arguments.hpp"
#include "outcome.hpp"

namespace bench {

// Asks all there is to ask, and says in `o.remarks` what could not be asked. `log`: for what peers print.
// Pre: this process has one thread. Errors: std::runtime_error, for a part that did not end well.
void ask_all(const arguments& a, const std::string& log, progress& bar, outcome& o);

} // namespace bench

#endif
