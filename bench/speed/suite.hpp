// One run of Google Benchmark in one process. A question is asked in rounds, in each of which all who answer
// it do so once, in random order, and the figures are kept by round.
#ifndef TENURE_BENCH_SPEED_SUITE_HPP
#define TENURE_BENCH_SPEED_SUITE_HPP

#include "../support/shared_counter.hpp"
#include "measurement.hpp"

#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <vector>

namespace bench {

struct effort {
  unsigned repetitions = 25; // rounds of a question
  double seconds = 0.006;    // of each answer, at least
  unsigned many = 1'000;     // modules where a question asks for many
  unsigned most = 10'000;    // modules at the end of the scaling curve
  unsigned rounds = 3;       // of what is not repeated by Google Benchmark
  double sampling = 0.15;    // seconds of latencies, each round
};

// How a benchmark is timed and named.
struct how {
  unsigned threads = 1; // more than one: by the wall's time, per call and thread; else by processor time
  bool manual = false;  // it times itself
  unsigned calls = 1;   // in each iteration
};

using body = std::function<void(benchmark::State&)>;

class suite {
public:
  suite(const effort& e, shared_counter& done)
      : effort_(e)
      , done_(&done) {}

  void add(const std::string& question, const std::string& who, role as, body work, how h = {});
  // What was measured without Google Benchmark.
  void note(const std::string& question, const std::string& who, role as, const std::string& unit,
            std::vector<double> values);
  // Runs what was added since the last run.
  void run();

  [[nodiscard]] const effort& how_much() const noexcept { return effort_; }
  [[nodiscard]] measurements all() const;

private:
  class collector;
  struct answer {
    measurement figures;
    unsigned calls = 1; // in each iteration
    benchmark::internal::Benchmark* how_often = nullptr; // null: it is not to be run
  };

  [[nodiscard]] std::vector<std::string> questions_to_run() const; // as patterns of names
  void ask_in_rounds(const std::string& question);

  effort effort_;
  shared_counter* done_;
  std::vector<answer> answers_;
  std::size_t first_ = 0; // the first one that has not run
};

// Keeps an object and all memory from being optimised away.
template <class T> void escape(const T& value) {
  const void* const address = &value;
  benchmark::DoNotOptimize(address);
  benchmark::ClobberMemory();
}

} // namespace bench

#endif
