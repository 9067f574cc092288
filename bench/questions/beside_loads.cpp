#include "beside_loads.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>

namespace bench {
namespace {

using clock = std::chrono::steady_clock;
constexpr auto interval = std::chrono::microseconds(5); // between two samples
constexpr double tail = 0.999;
constexpr unsigned enough_loads = 50; // for the thousandth sample to have met some
constexpr double most_patience = 20;  // times as long as asked for

void take_processor(unsigned which) {
  if (std::thread::hardware_concurrency() < 2) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(which, &set);
  static_cast<void>(pthread_setaffinity_np(pthread_self(), sizeof set, &set)); // a wish
}

// As a sound card's thread has it. Without the right to, or alone on one processor, it stays as it is.
void take_priority() {
  const sched_param wish{.sched_priority = 1};
  if (std::thread::hardware_concurrency() > 1)
    static_cast<void>(pthread_setschedparam(pthread_self(), SCHED_FIFO, &wish));
}

clock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(seconds));
}

// On a busy machine the loading thread may not get to run: without loads there is nothing to wait for, and
// the figure would flatter. Then it takes longer. Relaxed: how far the other thread is orders nothing.
std::vector<double> sample(const std::function<void()>& work, double seconds,
                           const std::atomic<unsigned>& loads, unsigned enough) {
  std::vector<double> taken;
  auto next = clock::now();
  const auto end = next + duration_of(seconds), latest = next + duration_of(seconds * most_patience);
  while (next < end || (next < latest && loads.load(std::memory_order_relaxed) < enough)) {
    while (clock::now() < next) continue;
    const auto begin = clock::now();
    work();
    const auto now = clock::now();
    taken.push_back(std::chrono::duration<double, std::nano>(now - begin).count());
    next = std::max(next + interval, now);
  }
  return taken;
}

double quantile_of(std::vector<double> taken) {
  const auto at = static_cast<std::ptrdiff_t>(static_cast<double>(taken.size() - 1) * tail);
  std::nth_element(taken.begin(), taken.begin() + at, taken.end());
  return taken[static_cast<std::size_t>(at)];
}

// Relaxed throughout: that it is time to stop, and how often it loaded, orders nothing.
void keep_loading(const std::function<void()>& load, loading_pace pace, const std::atomic<bool>& stop,
                  std::atomic<unsigned>& loads) {
  take_processor(1);
  while (!stop.load(std::memory_order_relaxed)) {
    if (pace != loading_pace::none) load();
    loads.fetch_add(1, std::memory_order_relaxed);
    if (pace != loading_pace::without_pause) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

} // namespace

const char* name_of(loading_pace pace) noexcept {
  constexpr const char* names[] = {"nobody loading", "a load each ms", "loads without pause"};
  return names[static_cast<unsigned>(pace)];
}

double tail_of(const std::function<void()>& work, const std::function<void()>& load, loading_pace pace,
               double seconds) {
  std::atomic<bool> stop = false;
  std::atomic<unsigned> loads = 0;
  std::thread loader([&] { keep_loading(load, pace, stop, loads); });
  std::vector<double> taken;
  std::thread([&] {
    take_processor(0);
    take_priority();
    taken = sample(work, seconds, loads, pace == loading_pace::none ? 0 : enough_loads);
  }).join();
  stop.store(true, std::memory_order_relaxed);
  loader.join();
  return quantile_of(std::move(taken));
}

void ask_tail(suite& s, const char* question, const char* who, role as, const std::function<void()>& work,
              const std::function<void()>& load, loading_pace pace) {
  std::vector<double> tails;
  for (unsigned i = 0; i != s.how_much().rounds; ++i)
    tails.push_back(tail_of(work, load, pace, s.how_much().sampling));
  s.note(fmt::format("{} beside {}, p99.9", question, name_of(pace)), who, as, "ns", std::move(tails));
}

void ask_idle_tail(suite& s, module_files& files, loading_pace pace) {
  const std::string coming = files.copy("object");
  const auto load = [&coming] { dlclose(dlopen(coming.c_str(), RTLD_NOW | RTLD_LOCAL)); };
  for (const char* const question : {"open", "symbol"})
    ask_tail(s, question, "nothing", role::floor, [] {}, load, pace);
}

} // namespace bench
