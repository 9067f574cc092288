// All that a run of the session gave: what the table, the chart, the JSON file and the checks are made of.
#ifndef TENURE_BENCH_SESSION_OUTCOME_HPP
#define TENURE_BENCH_SESSION_OUTCOME_HPP

#include "figures.hpp"
#include "../support/machine.hpp"
#include "plugin.hpp"
#include "trace.hpp"

namespace session {

struct outcome {
  bench::machine where;
  trace_wish wish;
  corpus plugins;
  std::vector<plugin> used; // the usable ones; a trace's indices mean these
  trace played;
  std::size_t popular = 0;          // lanes of popular plug-ins
  std::vector<std::uint32_t> lanes; // the chart's plug-ins: most popular first, then those that lingered
  std::vector<std::vector<figures>> rounds; // all replays: by policy, then by round
  std::vector<figures> policies;            // of each policy the middle replay
  double real_seconds = 0;
};

} // namespace session

#endif
