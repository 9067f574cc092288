// Runs this program once more, as a child with a time limit.
#ifndef TENURE_TEST_MISUSE_PROCESS_HPP
#define TENURE_TEST_MISUSE_PROCESS_HPP

#include <chrono>
#include <string>
#include <vector>

namespace misuse {

struct process_end {
  bool in_time = false;
  int status = 0;     // as waitpid gives it
  std::string output; // stdout and stderr
};

process_end run_self(const std::vector<std::string>& arguments, std::chrono::milliseconds limit);

} // namespace misuse

#endif
