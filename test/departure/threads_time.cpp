// Usage: threads_time MODULE : what the question to all other threads costs that finds nothing, by the number
// of threads that wait, and beside it what is the least per thread: to open, read and close the one file in
// which the kernel says where it stands. Prints medians of processor time, which other programs do not add
// to.
#include "loaded_module.hpp"
#include "observer.hpp"
#include "os/other_threads.hpp"
#include "support/until.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <deque>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace departure {
namespace {

constexpr std::size_t samples = 501;

double processor_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

template <class Ask> double median_microseconds(Ask&& ask) {
  std::vector<double> times(samples);
  for (double& time : times) {
    const double start = processor_microseconds();
    ask();
    time = processor_microseconds() - start;
  }
  std::sort(times.begin(), times.end());
  return times[samples / 2];
}

// Threads that wait, some frames deep, until the end.
class waiting_threads {
public:
  explicit waiting_threads(std::size_t count)
      : threads_(count) {
    for (waiting& each : threads_) {
      each.thread = std::thread([this, &each] { descend(20, each); });
      static_cast<void>(each.there.wait());
    }
  }
  waiting_threads(const waiting_threads&) = delete;
  waiting_threads& operator=(const waiting_threads&) = delete;
  ~waiting_threads() {
    end_.set();
    for (waiting& each : threads_) each.thread.join();
  }
  [[nodiscard]] long first() const { return threads_.front().number; }

private:
  struct waiting {
    std::thread thread;
    tenure_test::signal there;
    long number = 0;
  };
  DEPARTURE_NOT_INLINED unsigned descend(unsigned left, waiting& each) {
    volatile unsigned locals[8] = {left};
    if (left != 0) return locals[0] + descend(left - 1, each);
    each.number = ::syscall(SYS_gettid);
    each.there.set();
    return end_.wait() ? 1 : 0;
  }

  std::deque<waiting> threads_;
  tenure_test::signal end_;
};

double floor_of(long thread) {
  const std::string path = "/proc/self/task/" + std::to_string(thread) + "/syscall";
  return median_microseconds([&] {
    char text[256];
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (::read(file, text, sizeof text) <= 0) std::puts("the kernel does not say where a thread stands");
    ::close(file);
  });
}

bool measure(const os::mapped_image& image, std::size_t count) {
  const waiting_threads others(count);
  bool alarm = false;
  const double all = median_microseconds([&] { alarm |= static_cast<bool>(os::scan_other_threads(image)); });
  const double each = all / static_cast<double>(count), floor = floor_of(others.first());
  std::printf("%3zu threads wait: %8.1f us, %5.1f us for each, %.2f times the floor of %.1f us\n", count, all,
              each, each / floor, floor);
  return alarm;
}

} // namespace
} // namespace departure

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto module = std::make_unique<departure::loaded_module>(argv[1]);
  bool alarm = false;
  for (const std::size_t count : {1U, 8U, 32U, 100U}) alarm |= departure::measure(module->image(), count);
  std::puts(alarm ? "false alarm, or no answer" : "no false alarm");
  return alarm ? 1 : 0;
}
