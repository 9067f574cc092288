// 16 threads, 64 modules, every operation of the public interface, under one policy and level after the
// other.
//   TENURE_STRESS_SECONDS  how long (default 3); TENURE_STRESS_SEED
//
// The oracle. At any time:
//   a module that is held gives its answer, each refusal is one that is expected, the registry's tables agree
// At the end of each round, when every thread has dropped what it had and passed a safe point:
//   nothing is busy, pinned, vetoed or failed after a final close; at the default level nothing waits either
//   active = 0, resident = 0, loads = closes, images alive = 0, none of the files is mapped (resident: none
//   twice)
// At the end of all: each operation was done. A shorter run does the same fewer times. A crash, a hang or a
// sanitizer's word is a failure like any other.
#include "policies/all_policies.hpp"
#include "stress/playground.hpp"
#include "support/cxx_runtime.hpp"
#include "support/hook.hpp"
#include "support/sanitizer_defaults.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

namespace stress {
namespace {

using std::chrono::steady_clock;
namespace p = tenure::policy;
using tenure::departure_check;

// A search of all memory reads the sanitizers' own, too, for seconds.
constexpr bool searches_memory = !tenure_test::address_sanitizer && !tenure_test::thread_sanitizer;
bool applies(operation what) {
  // What is never unmapped needs what it needs for ever. And each library with a C++ runtime of its own that
  // has thrown takes one of a process's thread-local keys, of which musl has 128.
  if (what == operation::dependency) return tenure_test::loader_unmaps();
  if (what == operation::exception) return tenure_test::one_cxx_runtime;
  return what != operation::sweep_references || (searches_memory && tenure::os::memory_is_searched());
}

// How often each is chosen; what asks all threads or all memory costs as much as a hundred others.
unsigned weight_of(operation what) {
  switch (what) {
  case operation::sweep_threads:
  case operation::sweep_references:
  case operation::shutdown:
    return 1;
  case operation::open_private_copy:
  case operation::module_thread:
  case operation::end_of_manager:
  case operation::final_close:
  case operation::invariants:
  case operation::dependency:
    return 4;
  default:
    return 20;
  }
}

class dice {
public:
  dice() {
    for (std::size_t i = 0; i != operation_count; ++i) {
      const auto what = static_cast<operation>(i);
      all_.insert(all_.end(), applies(what) ? weight_of(what) : 0, what);
    }
  }
  operation throw_by(hands& t) const { return all_[t.below(all_.size())]; }

private:
  std::vector<operation> all_;
};

std::atomic<std::uint64_t> steps{0};

// Before the dice fall each operation is done once, by one thread or the other: what is exercised does not
// hang on how long it takes.
template <class Ground>
void run_thread(Ground& ground, std::size_t number, std::uint64_t seed, steady_clock::time_point end) {
  static const dice chances;
  std::uint64_t more = 0;
  {
    hands t{number, std::mt19937_64(seed)};
    for (std::size_t i = number; i < operation_count; i += thread_count, ++more)
      if (applies(static_cast<operation>(i))) ground.step(t, static_cast<operation>(i));
    for (; steady_clock::now() < end; ++more) ground.step(t, chances.throw_by(t));
  }
  ground.safe_point();
  steps += more;
}

template <class P, departure_check Check = departure_check::own_stack>
void run_round(const char* name, std::uint64_t seed, steady_clock::duration time) {
  playground<P, Check> ground(name);
  const auto end = steady_clock::now() + time;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i != thread_count; ++i)
    threads.emplace_back([&ground, i, seed, end] { run_thread(ground, i, seed * thread_count + i, end); });
  for (std::thread& t : threads) t.join();
  ground.finish();
}

struct round {
  const char* name;
  void (*run)(const char*, std::uint64_t, steady_clock::duration);
  bool once; // leaves its modules mapped
};

std::vector<round> rounds() {
  std::vector<round> all{
      {"immediate", run_round<p::immediate>, false},
      {"deferred_one", run_round<p::deferred_one>, false},
      {"deferred<8>", run_round<p::deferred<8>>, false},
      {"periodic_sweep", run_round<p::periodic_sweep>, false},
      {"final_close", run_round<p::final_close>, false},
      {"keep_warm<16, 1ms>", run_round<p::keep_warm<16, tenure::milliseconds(1)>>, false},
      {"adaptive", run_round<p::adaptive>, false},
      {"limit_idle_bytes", run_round<p::limit_idle_bytes<p::final_close, 500'000>>, false},
      {"a user's own", run_round<tenure_test::keep_three>, false},
      {"resident", run_round<p::resident>, true},
      {"deferred_one, threads", run_round<p::deferred_one, departure_check::threads>, false},
  };
  if (applies(operation::sweep_references))
    all.push_back({"deferred<8>, references", run_round<p::deferred<8>, departure_check::references>, false});
  return all;
}

std::uint64_t setting(const char* name, std::uint64_t usual) {
  const char* const value = std::getenv(name);
  return value != nullptr ? std::strtoull(value, nullptr, 10) : usual;
}

void tell(const char* name, steady_clock::time_point begin) {
  const auto passed = std::chrono::duration<double>(steady_clock::now() - begin).count();
  std::printf("%7.1f s  %-26s %12llu steps, %d failed\n", passed, name,
              static_cast<unsigned long long>(steps.load()), failures.load());
  std::fflush(stdout);
}

// Prints how often each was done. Returns how many never were.
int tell_of_operations() {
  int never = 0;
  for (std::size_t i = 0; i != operation_count; ++i) {
    const std::uint64_t times = done[i];
    const bool lacks = times == 0 && applies(static_cast<operation>(i));
    never += lacks ? 1 : 0;
    std::printf("%s%-17s %10llu%s", i % 4 == 0 ? "\n  " : "  ", operation_names[i],
                static_cast<unsigned long long>(times), lacks ? " NEVER" : "");
  }
  std::printf("\n");
  return never;
}

// All of them at least once, then again until the time is up; none longer than some seconds, for each begins
// afresh.
void run_all(std::uint64_t seconds, std::uint64_t seed) {
  constexpr auto longest = std::chrono::seconds(5);
  const auto begin = steady_clock::now();
  const auto end = begin + std::chrono::seconds(seconds);
  const std::vector<round> all = rounds();
  const auto share = steady_clock::duration(std::chrono::seconds(seconds)) / static_cast<int>(all.size());
  for (bool first = true; first || steady_clock::now() < end; first = false)
    for (const round& r : all) {
      if (!first && (r.once || steady_clock::now() >= end)) continue;
      r.run(r.name, seed++, std::min<steady_clock::duration>(share, longest));
      tell(r.name, begin);
    }
}

} // namespace
} // namespace stress

int main() {
  const std::uint64_t seconds = stress::setting("TENURE_STRESS_SECONDS", 3);
  const std::uint64_t seed = stress::setting("TENURE_STRESS_SEED", std::random_device()());
  std::printf("stress: %llu s, seed %llu, %zu threads, %zu modules\n",
              static_cast<unsigned long long>(seconds), static_cast<unsigned long long>(seed),
              stress::thread_count, stress::shared_files + stress::thread_count);
  const tenure_test::hook hook{[](const std::string&, module_event what) {
    stress::alive += what == module_event::initialised ? 1 : -1;
  }};
  stress::run_all(seconds, seed);
  const int never = stress::tell_of_operations();
  std::printf("%d checks failed, %d operations never done\n", stress::failures.load(), never);
  return stress::failures == 0 && never == 0 ? 0 : 1;
}
