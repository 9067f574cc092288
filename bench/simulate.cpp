// Which policy for my application? Plays traces to the very policies of include/tenure/policies, on a virtual
// clock, and sets what each costs beside what cannot be done better and what can be promised without knowing
// the future.
#include "simulate/player.hpp"
#include "support/progress.hpp"

#include <tenure/policies/adaptive.hpp>
#include <tenure/policies/deferred.hpp>
#include <tenure/policies/final_close.hpp>
#include <tenure/policies/immediate.hpp>
#include <tenure/policies/keep_warm.hpp>
#include <tenure/policies/limit_idle_bytes.hpp>
#include <tenure/policies/periodic_sweep.hpp>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <ctime>
#include <fstream>
#include <system_error>

namespace {

using namespace simulate;
namespace policy = tenure::policy;

constexpr std::size_t idle_limit = std::size_t{64} << 20U; // bytes

struct arguments {
  wish made;
  double price = 0.1;
  double sweep_seconds = 0;
  std::vector<std::string> kinds;
  std::string file, json;
};

struct played {
  std::string policy;
  bill what;
};

struct result {
  std::string trace;
  bounds limits;
  std::vector<played> policies;
  std::size_t measured = 0, recorded = 0; // modules
};

arguments read_arguments(int argc, char** argv) {
  arguments a;
  CLI::App app("Plays traces of opens and releases to every policy, without loading anything.");
  app.add_option("--events", a.made.openings, "Opens and releases of each made-up trace")
      ->transform([](const std::string& n) { return std::to_string((std::stoull(n) + 1) / 2); })
      ->default_str(std::to_string(a.made.openings * 2));
  app.add_option("--modules", a.made.modules)->check(CLI::Range(1U, 1'000'000U))->capture_default_str();
  app.add_option("--rate", a.made.per_second, "Opens a second, on average")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--hold", a.made.hold_seconds, "Seconds that a module is held, on average")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--seed", a.made.seed)->capture_default_str();
  app.add_option("--price", a.price, "Milliseconds of loading that one idle MiB is worth for a second")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--sweep", a.sweep_seconds,
                 "Seconds between two sweeps; 0: whenever the policy says that one is due")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--kind", a.kinds, "Made-up traces to play; all by default")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(trace_kinds), std::end(trace_kinds))));
  app.add_option("--trace", a.file, "File of a trace to play instead: seconds,module,hold[,load,bytes]")
      ->check(CLI::ExistingFile);
  app.add_option("--json", a.json, "File for all figures");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e) == 0 ? 0 : 2);
  }
  if (a.kinds.empty()) a.kinds.assign(std::begin(trace_kinds), std::end(trace_kinds));
  return a;
}

template <class Policy>
void add(result& r, const char* name, trace& t, const std::vector<module_cost>& costs, double sweeps,
         Policy p = {}) {
  player<Policy> one(std::move(p), costs, tenure::duration(static_cast<std::int64_t>(sweeps * 1e9)));
  r.policies.push_back({name, one.play(t)});
}

result play_all(const std::string& name, trace& t, const std::vector<recorded_module>& known,
                const arguments& a, bench::progress& bar) {
  auto costs = draw_costs(t.modules(), a.price, a.made.seed);
  const std::size_t measured = take_measured(costs, known, a.price);
  result r{name, bounds_of(t, costs), {}, measured, known.size()};
  bar.begin(name, 10);
  const auto one = [&]<class Policy>(const char* who, Policy p) {
    add(r, who, t, costs, a.sweep_seconds, std::move(p));
    bar.set(r.policies.size());
  };
  const double price = a.price * 1e6; // nanoseconds
  one("adaptive", policy::adaptive(tenure::duration(static_cast<std::int64_t>(price))));
  one("immediate", policy::immediate());
  one("deferred_one", policy::deferred_one());
  one("deferred<8>", policy::deferred<8>());
  one("keep_warm<8, 10 s>", policy::keep_warm<8, tenure::seconds(10)>());
  one("keep_warm<64, 60 s>", policy::keep_warm<64, tenure::seconds(60)>());
  one("periodic_sweep 10 s", policy::periodic_sweep(tenure::seconds(10)));
  one("periodic_sweep 10 min", policy::periodic_sweep());
  one("limit_idle_bytes 64 MiB", policy::limit_idle_bytes<policy::final_close, idle_limit>());
  one("final_close", policy::final_close());
  bar.end("played");
  return r;
}

void print_bill(const std::string& who, const bill& b, const bounds& limits) {
  fmt::print("  {:<26}{:>12}{:>14.0f}{:>12.5g}{:>10.2f}{:>10.2f}\n", who, b.loads, b.idle_mib_seconds, b.cost,
             b.cost / limits.optimum.cost, b.cost / limits.ski_rental.cost);
}

void print(const result& r) {
  fmt::print("\n{:<28}{:>12}{:>14}{:>12}{:>10}{:>10}\n", r.trace, "loads", "idle MiB x s", "cost, s",
             "x optimum", "x rental");
  print_bill("offline optimum", r.limits.optimum, r.limits);
  print_bill("online bound: ski rental", r.limits.ski_rental, r.limits);
  const auto cheaper = [](const played& a, const played& b) { return a.what.cost < b.what.cost; };
  for (const played& p : r.policies) print_bill(p.policy, p.what, r.limits);
  const auto best = std::min_element(r.policies.begin(), r.policies.end(), cheaper);
  const auto fixed =
      std::min_element(r.policies.begin() + 1, r.policies.end(), cheaper); // adaptive is the first
  fmt::print("  here {} costs least", best->policy);
  if (best != fixed) fmt::print(", and {} of those that learn nothing", fixed->policy);
  fmt::print("\n");
  if (r.recorded != 0)
    fmt::print("  {} of {} modules with load times and sizes as recorded, the others with made-up ones\n",
               r.measured, r.recorded);
}

nlohmann::json json_of(const bill& b) {
  return {{"loads", b.loads}, {"idle_mib_seconds", b.idle_mib_seconds}, {"cost_seconds", b.cost}};
}

void write_json(const std::vector<result>& all, const std::string& file) {
  auto traces = nlohmann::json::object();
  for (const result& r : all) {
    auto& one = traces[r.trace];
    one["offline optimum"] = json_of(r.limits.optimum);
    one["ski rental"] = json_of(r.limits.ski_rental);
    for (const played& p : r.policies) one[p.policy] = json_of(p.what);
  }
  std::ofstream out(file);
  out << traces.dump(1) << '\n';
  out.close();
  if (!out) throw std::system_error(errno, std::generic_category(), file);
}

std::vector<result> play_traces(const arguments& a) {
  bench::progress bar;
  std::vector<result> all;
  if (!a.file.empty()) {
    std::vector<recorded_module> known;
    const auto t = read_trace(a.file, known);
    all.push_back(play_all(a.file, *t, known, a, bar));
    return all;
  }
  for (const std::string& kind : a.kinds)
    all.push_back(play_all(kind, *make_trace(kind, a.made), {}, a, bar));
  return all;
}

void run(const arguments& a) {
  const std::clock_t begin = std::clock(); // of this processor's time: others may be at work
  const std::vector<result> all = play_traces(a);
  const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  const std::string sweeps =
      a.sweep_seconds == 0 ? "when one is due" : fmt::format("each {} s", a.sweep_seconds);
  fmt::print(
      "A load costs its time, an idle MiB {} ms of loading a second; a sweep {}. Costs of idle modules only: "
      "those in use must be there.\n",
      a.price, sweeps);
  for (const result& r : all) print(r);
  if (!a.json.empty()) write_json(all, a.json);
  if (!a.file.empty()) return;
  const double events =
      static_cast<double>(a.made.openings) * 2 * static_cast<double>(all.size() * all[0].policies.size());
  fmt::print("\n{:.2g} events in {:.1f} s of one core: {:.2g} a minute\n", events, took, events / took * 60);
}

} // namespace

int main(int argc, char** argv) {
  try {
    run(read_arguments(argc, argv));
    return 0;
  } catch (const std::exception& e) {
    fmt::print(stderr, "simulate: {}\n", e.what());
    return 2;
  }
}
