// What is promised, as ratios of figures of one run.
#ifndef TENURE_BENCH_SPEED_TARGETS_HPP
#define TENURE_BENCH_SPEED_TARGETS_HPP

#include "measurement.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bench {

struct row {
  std::string id, what, question;
  std::string target; // in words
  const measurement* ours = nullptr;
  const measurement* peer = nullptr; // the best one; null if nobody else was asked
  const measurement* floor = nullptr;
  const measurement* raw = nullptr;
  std::optional<double> ratio; // what is compared with the limit, where the target is a ratio
  double spread = 0;
  bool met = false;
  std::string missing; // why there is no figure; empty if there is one
};

// One for each target, in their order. The rows point into `all`.
[[nodiscard]] std::vector<row> judge(const measurements& all);

} // namespace bench

#endif
