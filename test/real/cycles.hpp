// A hundred opens, uses and releases of each module, in a child process that stands still at certain moments
// so that its parent can look at it from outside.
#ifndef TENURE_TEST_REAL_CYCLES_HPP
#define TENURE_TEST_REAL_CYCLES_HPP

#include "corpora.hpp"
#include "way.hpp"
#include "witness.hpp"

#include <chrono>
#include <functional>
#include <map>

namespace real {

inline constexpr unsigned cycles = 100, warm = 10; // memory is compared between these two
// Modules that take turns, so that policies which close the one before have one before. More than any policy
// here keeps.
inline constexpr std::size_t group_size = 10;

struct target {
  session::plugin file;
  bool usable = true;     // else it is opened and released only
  unsigned use_every = 1; // cycles
};

struct growth {
  std::int64_t memory_kib = 0, descriptors = 0;
};

struct death {
  std::size_t target = 0;
  std::string how; // "killed by signal 11 (Segmentation fault)"
};

// What one way did with the targets.
struct record {
  std::map<std::size_t, growth> groups; // by the first target's index
  std::vector<lingering> lingers;       // as reported
  path_set still_mapped;                // of the targets, after their group was settled
  std::vector<std::string> faults;      // each a sentence
  std::vector<death> deaths;
};

using maker = std::function<std::unique_ptr<way>()>;

// Runs all targets. A child that dies is followed by one that goes on behind its last target.
[[nodiscard]] record run_cycles(const corpus& c, const std::vector<target>& targets, const maker& make);

// Runs `body` in a child that may take that long. Returns how it died; empty if it came to its end, and
// `answer` what the body returned.
[[nodiscard]] std::string run_apart(const std::function<std::string()>& body, std::chrono::milliseconds limit,
                                    std::string& answer);

} // namespace real

#endif
