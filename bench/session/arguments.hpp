// What the command line asks for.
#ifndef TENURE_BENCH_SESSION_ARGUMENTS_HPP
#define TENURE_BENCH_SESSION_ARGUMENTS_HPP

#include "trace.hpp"

#include <string>

namespace session {

struct arguments {
  trace_wish wish;
  unsigned lanes = 24;
  unsigned rounds = 3;
  std::string json = "session.json";
  std::string svg = "session.svg";
  std::vector<std::string> corpus; // empty: what the machine has
};

// Prints help or what is wrong, and ends the process then.
[[nodiscard]] arguments read_arguments(int argc, char** argv);

} // namespace session

#endif
