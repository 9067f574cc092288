#include "suite.hpp"

#include <fmt/format.h>

#include <map>
#include <stdexcept>

namespace bench {

// Google Benchmark tells by the name what was run; ours is the measurement's number.
class suite::collector final : public benchmark::BenchmarkReporter {
public:
  explicit collector(suite& s)
      : suite_(s) {}
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs)
      if (run.run_type == Run::RT_Iteration) keep(run);
  }

private:
  // Google Benchmark divides the time of all threads by the calls of all.
  void keep(const Run& run) {
    const std::size_t number = std::stoul(run.run_name.function_name);
    const bool wall = run.threads > 1 || run.run_name.time_type == "manual_time";
    const double nanoseconds = wall ? run.GetAdjustedRealTime() : run.GetAdjustedCPUTime();
    suite_.all_[number].values.push_back(nanoseconds * static_cast<double>(run.threads) /
                                         suite_.calls_[number]);
  }

  suite& suite_;
};

void suite::note(const std::string& question, const std::string& who, role as, const std::string& unit,
                 std::vector<double> values) {
  all_.push_back({question, who, as, unit, std::move(values)});
  calls_.push_back(1);
}

void suite::add(const std::string& question, const std::string& who, role as, body work, how h) {
  const std::string number = std::to_string(all_.size());
  note(question, who, as, "ns", {});
  calls_.back() = h.calls;
  auto* const b = benchmark::RegisterBenchmark(number.c_str(),
                                               [work = std::move(work), done = done_](benchmark::State& s) {
                                                 work(s);
                                                 done->step();
                                               });
  b->Repetitions(static_cast<int>(effort_.repetitions))
      ->MinTime(effort_.seconds)
      ->Threads(static_cast<int>(h.threads));
  if (h.manual)
    b->UseManualTime();
  else if (h.threads > 1)
    b->UseRealTime();
}

// One question after the other, each with all who answer it in turn: a machine that others use is slow for
// some seconds and fast for others, and what is compared is to meet the same.
std::vector<std::string> suite::questions_to_run() const {
  std::map<std::string, std::vector<std::size_t>> answers;
  for (std::size_t i = first_; i != all_.size(); ++i)
    if (all_[i].values.empty()) answers[all_[i].question].push_back(i); // the others are noted, not run
  std::vector<std::string> patterns;
  for (const auto& [question, numbers] : answers)
    patterns.push_back(fmt::format("^({})/", fmt::join(numbers, "|")));
  return patterns;
}

void suite::run() {
  std::string arguments[] = {"speed", "--benchmark_enable_random_interleaving=true"};
  char* pointers[] = {arguments[0].data(), arguments[1].data()};
  int count = 2;
  benchmark::Initialize(&count, pointers);
  collector reporter(*this);
  for (const std::string& question : questions_to_run())
    benchmark::RunSpecifiedBenchmarks(&reporter, question);
  benchmark::ClearRegisteredBenchmarks();
  for (; first_ != all_.size(); ++first_)
    if (all_[first_].values.empty())
      throw std::runtime_error(fmt::format("no figure: {}, {}", all_[first_].question, all_[first_].who));
}

} // namespace bench
