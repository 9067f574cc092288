// What one policy did with the session.
#ifndef TENURE_BENCH_SESSION_FIGURES_HPP
#define TENURE_BENCH_SESSION_FIGURES_HPP

#include "timeline.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace session {

struct figures {
  std::string policy, rule;
  bool completed = false; // its process ended by itself
  std::string trouble;    // why not

  // of the manager
  std::uint64_t loads = 0, failures = 0, revives = 0, closes = 0, lingers = 0, deferrals = 0;
  double loading_ms = 0, closing_ms = 0;
  double loader_least_ms = 0, loader_most_ms = 0; // both together, over the rounds
  // of an open, measured around it, all threads together
  double open_p50_us = 0, open_p99_us = 0, open_max_us = 0;
  // of residency, in session time
  double resident_seconds = 0, active_seconds = 0; // summed over the modules
  std::uint32_t peak = 0;                          // modules
  double peak_mib = 0; // of the process's memory, with what the plug-ins themselves took
  double wall_seconds = 0, final_close_ms = 0; // in real time

  // what the checks look at
  std::uint64_t digest = 0; // of the steps that were done
  std::uint64_t opens = 0, calls = 0, releases = 0;
  std::uint64_t works_made = 0, works_ended = 0;
  std::uint32_t active_at_end = 0;
  std::map<std::string, std::uint64_t> wrong_results; // by plug-in: values that are not finite
  std::vector<std::string> errors;                    // what an open or a start threw
  std::vector<std::string> left_over;    // neither gone nor lingering nor kept after the final close
  std::vector<std::string> still_mapped; // said to be gone, but in the system's mapping list
  std::vector<std::string> not_mapped;   // said to linger or to be kept, but not there
  std::uint32_t looks = 0;               // at the system's list during the session
  std::vector<std::string> unlike_list;  // "tick 40: NAME is mapped", where the manager said otherwise

  std::vector<lingering> lingered;             // at any time
  std::vector<std::uint32_t> resident_by_tick; // modules
  std::vector<std::vector<change>> changes;    // of each plug-in
};

[[nodiscard]] inline double loader_ms(const figures& f) { return f.loading_ms + f.closing_ms; }

// The replay with the middle time in the loader, as it was, and with the spread of that time. One that did
// not complete, if there is one. Pre: not empty.
[[nodiscard]] figures middle_of(std::vector<figures> rounds);

// Between the child that measures and the parent that prints.
[[nodiscard]] std::string pack(const figures& f);
[[nodiscard]] figures unpack(const std::string& packed);

} // namespace session

#endif
