// Usage: close_time MODULE : what a last release costs that closes its module, at the default level of
// checks, beside a plain dlclose of the same file in the same run; and what the look costs whether it has
// gone. With 100 other modules loaded. Prints processor time, to which other programs add little.
#include "os/os.hpp"

#include <tenure/tenure.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <dlfcn.h>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

namespace departure {
namespace {

namespace fs = std::filesystem;
namespace os = tenure::os;
constexpr std::size_t samples = 4001, neighbours = 100;
constexpr unsigned looks_per_sample = 20; // the clock itself costs some hundred nanoseconds

double processor_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

template <class Action> void measure(std::vector<double>& times, Action&& action) {
  const double start = processor_microseconds();
  action();
  times.push_back(processor_microseconds() - start);
}

double part(std::vector<double> times, double which) {
  std::sort(times.begin(), times.end());
  return times[static_cast<std::size_t>(which * static_cast<double>(times.size() - 1))];
}

// A folder of copies, each another module.
class copies {
public:
  explicit copies(const char* file)
      : file_(file)
      , folder_(fs::temp_directory_path() / ("tenure-close-time-" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  copies(const copies&) = delete;
  copies& operator=(const copies&) = delete;
  ~copies() { fs::remove_all(folder_); }
  std::string next() {
    const fs::path copy = folder_ / ("copy" + std::to_string(made_++) + ".so");
    fs::copy_file(file_, copy);
    return copy.string();
  }

private:
  const fs::path file_, folder_;
  unsigned made_ = 0;
};

using immediate = tenure::manager<tenure::policy::immediate>;

bool measure_closes(immediate& modules, const std::string& file) {
  std::vector<double> raw, ours;
  bool gone = true;
  for (std::size_t i = 0; i != samples; ++i) { // in turn, so that both see the same machine
    void* const handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    measure(raw, [&] { ::dlclose(handle); });
    tenure::module m = modules.open(file);
    measure(ours, [&] { m.reset(); });
    gone = gone && ::dlopen(file.c_str(), RTLD_LAZY | RTLD_NOLOAD) == nullptr;
  }
  for (const double which : {0.25, 0.5}) { // the lower quartile: what other programs have disturbed the least
    const double floor = part(raw, which), mine = part(ours, which);
    std::printf("close, %s: dlclose %.2f us, a last release %.2f us: %+.1f %%\n",
                which == 0.5 ? "median" : "lower quartile", floor, mine, (mine / floor - 1) * 100);
  }
  return gone;
}

bool measure_looks(const std::string& file) {
  os::fault why;
  os::mapped_image image;
  std::string path;
  void* const handle = os::open(file, {}, why);
  bool right = handle != nullptr && os::describe(handle, image, path);
  std::vector<double> there, gone;
  const auto look = [&](std::vector<double>& times, bool expected) {
    for (std::size_t i = 0; i != samples; ++i)
      measure(times, [&] {
        for (unsigned n = 0; n != looks_per_sample; ++n)
          right = right && os::is_mapped(image, path.c_str()) == expected;
      });
  };
  look(there, true);
  right = right && os::close(handle, why);
  look(gone, false);
  std::printf("is it gone, with %zu modules loaded: %.3f us if it is, %.3f us if not\n", neighbours,
              part(gone, 0.5) / looks_per_sample, part(there, 0.5) / looks_per_sample);
  return right;
}

} // namespace
} // namespace departure

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  departure::copies files(argv[1]);
  tenure::manager<tenure::policy::final_close> others;
  std::vector<tenure::module> held;
  for (std::size_t i = 0; i != departure::neighbours; ++i) held.push_back(others.open(files.next()));
  departure::immediate modules;
  const bool gone = departure::measure_closes(modules, files.next());
  const bool right = departure::measure_looks(files.next());
  std::puts(gone && right ? "each has gone, and was seen to" : "something stayed, or was not seen to go");
  return gone && right ? 0 : 1;
}
