// Usage: reference_time MODULE : what a reference scan costs that finds nothing, in a small process and in
// one with 100 MiB of live heap blocks that are full of pointers. Prints the median and the best of the
// processor time, which other programs do not add to, and how much memory that is a second.
#include "loaded_module.hpp"
#include "os/references.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace departure {
namespace {

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

constexpr std::size_t samples = 31;

struct subject {
  explicit subject(const char* path)
      : module(path) {}
  loaded_module module;
  os::reference_baseline baseline;
  os::reference_place places[4];
};

double sample(subject& s, std::size_t& found) {
  const auto begin = reinterpret_cast<std::uintptr_t>(&s);
  const os::address_range own{begin, begin + sizeof s};
  const double start = processor_seconds();
  const auto result = os::find_references(s.module.image(), s.baseline, s.places, {&own, 1});
  const double seconds = processor_seconds() - start;
  found += result.count + (result.available ? 0 : 1);
  return seconds;
}

std::size_t measure(subject& s, const char* where, double mebibytes) {
  std::size_t found = 0;
  std::vector<double> times(samples);
  for (double& time : times) time = sample(s, found);
  std::sort(times.begin(), times.end());
  std::printf("%s: median %.3f ms, best %.3f ms", where, times[samples / 2] * 1e3, times[0] * 1e3);
  if (mebibytes != 0)
    std::printf("; %.1f GiB/s, best %.1f", mebibytes / 1024 / times[samples / 2],
                mebibytes / 1024 / times[0]);
  std::printf("\n");
  return found;
}

// A hundred megabytes in blocks of 64 bytes, all reachable.
struct block {
  block* next;
  block* others[6];
};

std::size_t measure_heap(subject& s) {
  constexpr std::size_t mebibytes = 100, count = (mebibytes << 20) / 64; // 56 bytes and the allocator's 8
  block* first = nullptr;
  for (std::size_t i = 0; i != count; ++i)
    first = new block{first, {first, first, first, first, first, first}};
  const std::size_t found = measure(s, "100 MiB of heap", mebibytes);
  while (first != nullptr) delete std::exchange(first, first->next);
  return found;
}

} // namespace
} // namespace departure

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto s = std::make_unique<departure::subject>(argv[1]);
  const auto begin = reinterpret_cast<std::uintptr_t>(s.get());
  const departure::os::address_range own{begin, begin + sizeof *s};
  s->baseline = departure::os::reference_baseline::take(s->module.image(), {&own, 1});
  const std::size_t found = departure::measure(*s, "small process", 0) + departure::measure_heap(*s);
  std::puts(found == 0 ? "no false alarm" : "false alarms, or no answer");
  return found == 0 ? 0 : 1;
}
