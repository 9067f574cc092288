// What must be true of a session, whatever its figures are.
#ifndef TENURE_BENCH_SESSION_CHECKS_HPP
#define TENURE_BENCH_SESSION_CHECKS_HPP

#include "outcome.hpp"

namespace session {

struct tally {
  unsigned passed = 0, failed = 0;
};

// Plug-ins whose output was not finite, or not written, although nothing was ever closed: their own fault.
[[nodiscard]] std::vector<std::string> wrong_without_closing(const outcome& o);

// Prints each check that failed, with what it found.
[[nodiscard]] tally check(const outcome& o);

} // namespace session

#endif
