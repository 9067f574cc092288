// Usage: scan_time MODULE : what one departure check costs when it finds nothing, at several depths of the
// host's own stack, on the main thread and on another one. Prints the median and the 99th percentile, in
// nanoseconds.
#include "loaded_module.hpp"
#include "observer.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace departure {
namespace {

using clock = std::chrono::steady_clock;
constexpr std::size_t samples = 2001;
constexpr unsigned scans_per_sample = 20; // the clock itself costs 20 ns and more

volatile bool found;

double sample(const os::mapped_image& image) {
  const clock::time_point start = clock::now();
  for (unsigned i = 0; i != scans_per_sample; ++i)
    if (os::scan_own_stack(image)) found = true;
  return std::chrono::duration<double, std::nano>(clock::now() - start).count() / scans_per_sample;
}

DEPARTURE_NOT_INLINED void measure(const os::mapped_image& image, const char* where, unsigned depth) {
  std::vector<double> times(samples);
  for (double& time : times) time = sample(image);
  std::sort(times.begin(), times.end());
  std::printf("%-12s depth %4u: median %8.1f ns, 99 %% %8.1f ns\n", where, depth, times[samples / 2],
              times[samples * 99 / 100]);
}

// Frames of a usual size, 64 to 112 bytes.
DEPARTURE_NOT_INLINED unsigned descend(unsigned left, const os::mapped_image& image, const char* where,
                                       unsigned depth) {
  volatile unsigned locals[8] = {left, depth};
  if (left == 0)
    measure(image, where, depth);
  else
    locals[2] = descend(left - 1, image, where, depth);
  return locals[0] + locals[2];
}

void measure_depths(const os::mapped_image& image, const char* where) {
  for (const unsigned depth : {5U, 20U, 100U, 2000U}) descend(depth, image, where, depth);
}

} // namespace
} // namespace departure

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto loaded = std::make_unique<departure::loaded_module>(argv[1]);
  const departure::loaded_module& module = *loaded;
  departure::measure_depths(module.image(), "main thread");
  std::thread([&] { departure::measure_depths(module.image(), "thread"); }).join();
  std::puts(departure::found ? "false alarm" : "no false alarm");
  return departure::found ? 1 : 0;
}
