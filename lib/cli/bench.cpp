#include "bench.hpp"

#include "json.hpp"
#include "symbol_list.hpp"

#include <tenure/tenure.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>

namespace tenure::cli {
namespace {

using clock = std::chrono::steady_clock;

// What takes nanoseconds is done so often between two looks at the clock, which take some themselves.
constexpr unsigned batch = 100;

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

// In turn, so that whatever else the machine does strikes both.
outcome measure(const bench_options& options) {
  outcome result;
  raw_way raw(options);
  tenure_way ours(options);
  for (unsigned i = 0; i != options.count; ++i) raw.run(result.all), ours.run(result.all);
  result.stays = ours.why_it_stays();
  return result;
}

std::string as_text(outcome& it, const bench_options& options) {
  std::string text = fmt::format("{}, {} times, microseconds\n{:10} {:>10} {:>10} {:>10} {:>10}\n",
                                 options.path, options.count, "", "raw p50", "p99", "Tenure p50", "p99");
  for (auto& each : it.all) {
    if (&each == &it.all[call] && options.called.empty()) continue;
    text += fmt::format("{:10} {:10.3f} {:10.3f} {:10.3f} {:10.3f}\n", each.name, each.raw.at(0.5) / 1e3,
                        each.raw.at(0.99) / 1e3, each.ours.at(0.5) / 1e3, each.ours.at(0.99) / 1e3);
  }
  if (!it.stays.empty()) text += fmt::format("only the first load was one, for it stays: {}\n", it.stays);
  return text;
}

std::string as_json(outcome& it, const bench_options& options) {
  nlohmann::ordered_json result{
      {"version", 1}, {"path", options.path}, {"count", options.count}, {"stays", it.stays}};
  for (auto& each : it.all) {
    if (&each == &it.all[call] && options.called.empty()) continue;
    result["steps"].push_back({{"name", each.name},
                               {"raw_p50_ns", each.raw.at(0.5)},
                               {"raw_p99_ns", each.raw.at(0.99)},
                               {"tenure_p50_ns", each.ours.at(0.5)},
                               {"tenure_p99_ns", each.ours.at(0.99)}});
  }
  return printed(result);
}

std::string first_function(const library& it) {
  for (const auto& each : it->exports)
    if (each.kind == image::symbol_kind::function) return std::string(each.name);
  return {};
}

// Absolute, as a bare name would be looked for in the system's folders. False with `why` for what cannot be
// measured.
bool prepare(bench_options& options, std::string& why) {
  const auto it = read_library(options.path);
  why = it.error;
  if (!it.readable()) return false;
  if (!is_native(it)) why = fmt::format("cannot be loaded here: it is {}", describe_target(it));
  if (options.symbol.empty()) options.symbol = first_function(it);
  if (why.empty() && options.symbol.empty()) why = "exports no function that could be looked up";
  for (const auto& each : find_lacking({options.symbol, options.called}, *it))
    if (why.empty() && !each.empty()) why = fmt::format("does not export {}", each);
  os::fault fault;
  if (why.empty()) options.path = os::make_absolute(os::to_internal(path_view(options.path), fault), fault);
  return why.empty();
}

} // namespace

int run_bench(const bench_options& asked) {
  auto options = asked;
  std::string why;
  if (prepare(options, why)) try {
      auto it = measure(options);
      const auto text = options.json ? as_json(it, options) : as_text(it, options);
      std::fwrite(text.data(), 1, text.size(), stdout);
      return it.stays.empty() ? status_good : status_bad;
    } catch (const std::runtime_error& e) { // tenure::error is one, too
      why = e.what();
    }
  fmt::print(stderr, "tenure: {}: {}\n", printable(asked.path), printable(why));
  return status_unreadable;
}

} // namespace tenure::cli
