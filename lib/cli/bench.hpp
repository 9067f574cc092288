// `tenure bench`: what loading, finding, calling and unloading cost with one library, beside the bare system
// calls.
#ifndef TENURE_LIB_CLI_BENCH_HPP
#define TENURE_LIB_CLI_BENCH_HPP

#include "style.hpp"

#include <string>

namespace tenure::cli {

struct bench_options {
  std::string path;
  std::string symbol; ///< what is looked up; empty: the first function that it exports
  std::string called; ///< a function without arguments and result; empty: none is called
  unsigned count = 200;
  bool json = false;
};

int run_bench(const bench_options&);

} // namespace tenure::cli

#endif
