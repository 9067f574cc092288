// What must hold, and what is told when it does not.
#ifndef TENURE_TEST_STRESS_ORACLE_HPP
#define TENURE_TEST_STRESS_ORACLE_HPP

#include <tenure/failure.hpp>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <string>

namespace stress {

inline std::atomic<int> failures{0};

inline void demand(bool holds, const char* what, const std::string& particulars = {}) {
  if (holds) return;
  static std::mutex one_at_a_time;
  const std::scoped_lock lock(one_at_a_time);
  if (failures++ < 20) std::printf("FAILED: %s: %s\n", what, particulars.c_str());
  std::fflush(stdout);
}

// True if it worked. Some operation ends a module now and then: what comes too late for that is refused, and
// no failure.
inline bool done_or_shut_down(const tenure::failure& why) {
  demand(!why || why.code() == tenure::errc::module_shut_down, "nothing but a shutdown is in the way",
         why.what());
  return !why;
}

} // namespace stress

#endif
