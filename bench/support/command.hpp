// Runs a program and waits for it.
#ifndef TENURE_BENCH_SUPPORT_COMMAND_HPP
#define TENURE_BENCH_SUPPORT_COMMAND_HPP

#include <string>
#include <vector>

namespace bench {

struct finished {
  int status = 0;          // as in the shell: 127 if it could not be started, 128 + N if it died of signal N
  double processor_ms = 0; // its own and the system's on its behalf, its children among it
  std::string printed;     // to its standard output
};

// Its input is empty; what it says on the standard error output goes to ours. Errors: std::system_error.
[[nodiscard]] finished run_command(const std::vector<std::string>& words);

} // namespace bench

#endif
