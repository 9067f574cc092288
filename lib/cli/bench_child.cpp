// The child's part of `tenure bench`: it measures, and tells the figures.
#include "bench.hpp"

#include "library.hpp"
#include "os/child.hpp"
#include "os/program.hpp"
#include "report.hpp"

#include <tenure/tenure.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <stdexcept>

namespace tenure::cli {
namespace {

using json = nlohmann::ordered_json;
using clock = std::chrono::steady_clock;

// What takes nanoseconds is done so often between two looks at the clock, which take some themselves.
constexpr unsigned batch = 100;
// The first opens of a module look whether its file was replaced, which is another question.
constexpr unsigned opens_that_look = 64;

/// Of one step, by one way: nanoseconds of each sample.
class samples {
public:
  template <class Step> void take(unsigned times, Step step) {
    const auto start = clock::now();
    for (unsigned i = 0; i != times; ++i) step();
    all_.push_back(std::chrono::duration<double, std::nano>(clock::now() - start).count() / times);
  }
  double at(double part) {
    if (all_.empty()) return 0;
    std::sort(all_.begin(), all_.end());
    return all_[std::min(all_.size() - 1, static_cast<std::size_t>(part * static_cast<double>(all_.size())))];
  }

private:
  std::vector<double> all_;
};

struct measured_step {
  const char* name;
  samples raw, ours;
};

enum step_index : std::size_t { load, open_again, look_up, call, unload, step_count };
using steps = std::array<measured_step, step_count>;

// By the system's calls alone; the port's functions are nothing else.
class raw_way {
public:
  explicit raw_way(const bench_options& options)
      : options_(options) {}

  void run(steps& all) {
    void* handle = nullptr;
    all[load].raw.take(1, [&] { handle = open(); });
    all[open_again].raw.take(batch, [&] { close(open()); });
    all[look_up].raw.take(batch, [&] { find(handle, options_.symbol); });
    if (!options_.called.empty()) {
      const auto function = reinterpret_cast<void (*)()>(find(handle, options_.called));
      all[call].raw.take(batch, function);
    }
    all[unload].raw.take(1, [&] { close(handle); });
  }

private:
  void* open() const {
    os::fault why;
    void* const handle = os::open(options_.path, {}, why);
    if (handle == nullptr) throw std::runtime_error(why.text);
    return handle;
  }
  void close(void* handle) const {
    os::fault why;
    if (!os::close(handle, why)) throw std::runtime_error(why.text);
  }
  static void* find(void* handle, const std::string& name) {
    os::fault why;
    bool found = false;
    void* const address = os::symbol(handle, name.c_str(), found, why);
    if (!found) throw std::runtime_error(why.text);
    return address;
  }

  const bench_options& options_;
};

class tenure_way {
public:
  explicit tenure_way(const bench_options& options)
      : options_(options) {}

  void run(steps& all) {
    module held;
    all[load].ours.take(1, [&] { held = modules_.open(options_.path); });
    for (unsigned i = 0; i != opens_that_look; ++i) static_cast<void>(modules_.open(options_.path));
    all[open_again].ours.take(batch, [&] { static_cast<void>(modules_.open(options_.path)); });
    all[look_up].ours.take(batch, [&] { static_cast<void>(held.symbol<void()>(options_.symbol.c_str())); });
    if (!options_.called.empty()) {
      const auto function = held.symbol<void()>(options_.called.c_str());
      all[call].ours.take(batch, [&] { function(); });
    }
    all[unload].ours.take(1, [&] { held.reset(); });
  }

  // Empty if it is gone.
  std::string why_it_stays() {
    for (const auto& each : modules_.final_close())
      if (each.outcome != unload_outcome::gone) return each.detail;
    return {};
  }

private:
  const bench_options& options_;
  manager<policy::immediate> modules_{manager_options{.stale_pointers = quarantine::off}};
};

struct outcome {
  steps all{
      {{"load", {}, {}}, {"open again", {}, {}}, {"look up", {}, {}}, {"call", {}, {}}, {"unload", {}, {}}}};
  std::string stays;
};

void tell(result_channel& parent, const json& line) {
  parent.write(line.dump(-1, ' ', false, json::error_handler_t::replace) + '\n');
}

/// Tells from time to time that there is progress, never between the two ways of one sample.
class pulse {
public:
  explicit pulse(result_channel& parent)
      : parent_(parent) {}
  void beat() {
    constexpr std::chrono::milliseconds pause(50);
    if (const auto now = clock::now(); now - last_ >= pause)
      last_ = now, tell(parent_, {{"step", "measuring"}});
  }

private:
  result_channel& parent_;
  clock::time_point last_{};
};

// In turn, so that whatever else the machine does strikes both.
outcome measure(const bench_options& options, result_channel& parent) {
  outcome result;
  raw_way raw(options);
  tenure_way ours(options);
  pulse alive(parent);
  for (unsigned i = 0; i != options.count; ++i) alive.beat(), raw.run(result.all), ours.run(result.all);
  result.stays = ours.why_it_stays();
  return result;
}

json as_json(outcome& it, const bench_options& options) {
  json result{{"step", "measured"}, {"stays", it.stays}, {"steps", json::array()}};
  for (auto& each : it.all) {
    if (&each == &it.all[call] && options.called.empty()) continue;
    result["steps"].push_back({{"name", each.name},
                               {"raw_p50_ns", each.raw.at(0.5)},
                               {"raw_p99_ns", each.raw.at(0.99)},
                               {"tenure_p50_ns", each.ours.at(0.5)},
                               {"tenure_p99_ns", each.ours.at(0.99)}});
  }
  return result;
}

} // namespace

int run_bench_child(const std::vector<std::string>& arguments) {
  constexpr std::size_t expected = 5;
  if (arguments.size() != expected) return status_unreadable;
  bench_options options{.path = arguments[0], .symbol = arguments[1], .called = arguments[2]};
  std::from_chars(arguments[3].data(), arguments[3].data() + arguments[3].size(), options.count);
  die_quietly();
  result_channel parent(arguments[4]);
  try {
    auto it = measure(options, parent);
    tell(parent, as_json(it, options));
  } catch (const std::runtime_error& e) { // tenure::error is one, too
    tell(parent, {{"step", "failed"}, {"why", e.what()}});
  }
  return status_good;
}

} // namespace tenure::cli
