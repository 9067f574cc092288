// Where and how the figures were measured.
#ifndef TENURE_BENCH_SUPPORT_MACHINE_HPP
#define TENURE_BENCH_SUPPORT_MACHINE_HPP

#include <string>

namespace bench {

struct machine {
  std::string processor, system, kernel, libc;
  unsigned cores = 0;
  double load = 0; // runnable processes over the last minute, before we began
  std::string compiler, flags;
  std::string date; // UTC
};

[[nodiscard]] machine this_machine();

} // namespace bench

#endif
