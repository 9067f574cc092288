#include "suite.hpp"

#include <fmt/format.h>

#include <map>
#include <stdexcept>

namespace bench {

// Google Benchmark tells by the name what was run; ours is the measurement's number.
class suite::collector final : public benchmark::BenchmarkReporter {
public:
  // `trying`: only how many iterations each answer wants is of interest.
  collector(suite& s, bool trying)
      : suite_(s)
      , trying_(trying) {}
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs)
      if (run.run_type == Run::RT_Iteration) keep(run);
  }

private:
  // Google Benchmark adds up the iterations of all threads, and divides the time of all by them.
  void keep(const Run& run) {
    answer& a = suite_.answers_[std::stoul(run.run_name.function_name)];
    if (trying_) return static_cast<void>(a.how_often->Iterations(run.iterations / run.threads));
    const bool wall = run.threads > 1 || run.run_name.time_type == "manual_time";
    const double nanoseconds = wall ? run.GetAdjustedRealTime() : run.GetAdjustedCPUTime();
    a.figures.values.push_back(nanoseconds * static_cast<double>(run.threads) / a.calls);
  }

  suite& suite_;
  bool trying_;
};

void suite::note(const std::string& question, const std::string& who, role as, const std::string& unit,
                 std::vector<double> values) {
  answers_.push_back({{question, who, as, unit, std::move(values)}});
}

void suite::add(const std::string& question, const std::string& who, role as, body work, how h) {
  const std::string number = std::to_string(answers_.size());
  auto* const b = benchmark::RegisterBenchmark(number.c_str(),
                                               [work = std::move(work), done = done_](benchmark::State& s) {
                                                 work(s);
                                                 done->step();
                                               });
  answers_.push_back({{question, who, as, "ns", {}}, h.calls, b});
  b->Threads(static_cast<int>(h.threads));
  if (h.manual)
    b->UseManualTime();
  else if (h.threads > 1)
    b->UseRealTime();
}

std::vector<std::string> suite::questions_to_run() const {
  std::map<std::string, std::vector<std::size_t>> asked;
  for (std::size_t i = first_; i != answers_.size(); ++i)
    if (answers_[i].how_often != nullptr) asked[answers_[i].figures.question].push_back(i);
  std::vector<std::string> patterns;
  for (const auto& [question, numbers] : asked)
    patterns.push_back(fmt::format("^({})(/|$)", fmt::join(numbers, "|")));
  return patterns;
}

// A machine that others use is slow for some seconds and fast for others: a round is short, so that what is
// compared meets the same.
void suite::ask_in_rounds(const std::string& question) {
  collector trial(*this, true), rounds(*this, false);
  benchmark::RunSpecifiedBenchmarks(&trial, question);
  for (unsigned i = 0; i != effort_.repetitions; ++i) benchmark::RunSpecifiedBenchmarks(&rounds, question);
}

void suite::run() {
  std::string arguments[] = {"speed", "--benchmark_enable_random_interleaving=true",
                             fmt::format("--benchmark_min_time={}", effort_.seconds)};
  char* pointers[] = {arguments[0].data(), arguments[1].data(), arguments[2].data()};
  int count = 3;
  benchmark::Initialize(&count, pointers);
  for (const std::string& question : questions_to_run()) ask_in_rounds(question);
  benchmark::ClearRegisteredBenchmarks();
  for (; first_ != answers_.size(); ++first_) {
    answer& a = answers_[first_];
    a.how_often = nullptr; // Google Benchmark has destroyed it
    if (a.figures.values.empty())
      throw std::runtime_error(fmt::format("no figure: {}, {}", a.figures.question, a.figures.who));
  }
}

measurements suite::all() const {
  measurements all;
  for (const answer& a : answers_) all.push_back(a.figures);
  return all;
}

} // namespace bench
