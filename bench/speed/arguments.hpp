// What the user may choose.
#ifndef TENURE_BENCH_SPEED_ARGUMENTS_HPP
#define TENURE_BENCH_SPEED_ARGUMENTS_HPP

#include "suite.hpp"

namespace bench {

struct arguments {
  bool quick = false;
  bool hot_paths = false; // this process is run by callgrind
  std::string modules = BENCH_MODULES, programs = BENCH_PROGRAMS;
  std::string json = "speed.json", bars = "speed.svg", curves = "scaling.svg";

  [[nodiscard]] effort how_much() const;
};

// Ends the process for --help, and, with status 2, for what cannot be understood.
[[nodiscard]] arguments read_arguments(int argc, char** argv);

} // namespace bench

#endif
