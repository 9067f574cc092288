// How many schedules are enough for a case.
#ifndef TENURE_TEST_THOROUGH_HPP
#define TENURE_TEST_THOROUGH_HPP

#include "support/scheduler.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

namespace tenure_test::schedule {

// As many different schedules as each case must survive. CI asks test/run for 100,000.
inline std::size_t wanted() {
  const char* const text = std::getenv("TENURE_SCHEDULES");
  return text != nullptr ? static_cast<std::size_t>(std::atoll(text)) : 2'000;
}

inline result explored(const case_factory& make, strategy how, std::size_t distinct, unsigned switches = 2) {
  options chosen;
  chosen.how = how;
  chosen.distinct = distinct;
  chosen.preemption_bound = switches;
  chosen.schedules = distinct * 2; // where more than half repeat what was, there are not many more
  result ran = explore(chosen, make);
  CAPTURE(ran.describe());
  CHECK(ran.passed());
  return ran;
}

// The case passes under `wanted()` different schedules, or under all where it has fewer.
inline void survives(const case_factory& make) {
  const std::size_t walked = explored(make, strategy::random_walk, wanted()).distinct;
  explored(make, strategy::pct, wanted() / 10);
  explored(make, strategy::exhaustive, wanted() / 10); // with few switches
  if (walked >= wanted()) return;
  const result all = explored(make, strategy::exhaustive, wanted(), 1000); // as many switches as there are
  CHECK((all.exhausted || all.distinct >= wanted()));
}

} // namespace tenure_test::schedule

#endif
