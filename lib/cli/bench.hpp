// `tenure bench`: what loading, finding, calling and unloading cost with one library, beside the bare system
// calls, measured in a child process.
#ifndef TENURE_LIB_CLI_BENCH_HPP
#define TENURE_LIB_CLI_BENCH_HPP

#include "style.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tenure::cli {

struct bench_options {
  std::string path;
  std::string symbol; ///< what is looked up; empty: the first function that it exports
  std::string called; ///< a function without arguments and result; empty: none is called
  unsigned count = 200;
  double timeout = 10; ///< seconds without progress
  bool json = false;
};

int run_bench(const bench_options&);

/// The child's part. `arguments`: those behind the word that chose it.
inline constexpr std::string_view bench_word = "--run-bench";
int run_bench_child(const std::vector<std::string>& arguments);

} // namespace tenure::cli

#endif
