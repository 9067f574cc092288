// What loads and idle modules cost, in one unit: seconds of loading.
#ifndef TENURE_BENCH_SIMULATE_COSTS_HPP
#define TENURE_BENCH_SIMULATE_COSTS_HPP

#include "trace.hpp"

#include <cstddef>
#include <vector>

namespace simulate {

struct module_cost {
  double load = 0; // seconds
  std::size_t bytes = 0;
  double idle = 0; // for each second that it is idle and mapped
};

// Load times and sizes are drawn, small ones as often as large ones: 40 us to 4 ms, 16 KiB to 4 MiB.
// `price`: milliseconds of loading that one MiB is worth that is mapped and idle for a second.
[[nodiscard]] std::vector<module_cost> draw_costs(std::uint32_t modules, double price, std::uint64_t seed);

// The same for modules that were measured, in place of what was drawn for them. How many those are.
std::size_t take_measured(std::vector<module_cost>& costs, const std::vector<recorded_module>& modules,
                          double price);

struct bill {
  std::uint64_t loads = 0;
  double idle_mib_seconds = 0;
  double cost = 0; // seconds of loading
};

// What cannot be done better, and what can be promised without knowing the future. Nothing limits how many
// modules are loaded, so each gap between two uses of a module is a question of its own: keeping it, or
// loading again, whichever costs less. After the last use nothing is kept.
struct bounds {
  bill optimum;
  bill ski_rental; // keeps each module until that has cost as much as its load: never more than twice the
                   // optimum
};
[[nodiscard]] bounds bounds_of(trace& t, const std::vector<module_cost>& costs);

} // namespace simulate

#endif
