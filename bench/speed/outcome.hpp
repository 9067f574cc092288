// One run: where, what was asked, what came of it.
#ifndef TENURE_BENCH_SPEED_OUTCOME_HPP
#define TENURE_BENCH_SPEED_OUTCOME_HPP

#include "../support/machine.hpp"
#include "targets.hpp"

namespace bench {

struct outcome {
  machine where;
  bool quick = false; // fewer modules and shorter runs: figures that nobody should quote
  unsigned repetitions = 0;
  double seconds = 0;               // all of it took
  std::vector<std::string> peers;   // that were found
  std::vector<std::string> remarks; // what could not be asked, and why
  measurements all;
  std::vector<row> rows;
};

} // namespace bench

#endif
