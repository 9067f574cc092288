// The parent's part of a trial: what the child told, and how it ended.
#include "trial.hpp"

#include "os/child.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace tenure::cli {
namespace {

using json = nlohmann::ordered_json; // as the child, which wrote it

// What is no number or text was not written by us: the module may write to the channel, too.
std::int64_t number(const json& of, const char* key) {
  const auto at = of.is_object() ? of.find(key) : of.end();
  return of.is_object() && at != of.end() && at->is_number_integer() ? at->get<std::int64_t>() : 0;
}
double real(const json& of, const char* key) {
  const auto at = of.find(key);
  return at != of.end() && at->is_number() ? at->get<double>() : 0;
}
std::string words(const json& of, const char* key) {
  const auto at = of.find(key);
  return at != of.end() && at->is_string() ? at->get<std::string>() : std::string();
}
json object(const json& of, const char* key) {
  const auto at = of.find(key);
  return at != of.end() && at->is_object() ? *at : json();
}

// Without overflow, whatever the module wrote.
std::int64_t difference(const json& after, const json& before, const char* key) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(number(after, key)) -
                                   static_cast<std::uint64_t>(number(before, key)));
}

double median(std::vector<double>& all) {
  if (all.empty()) return 0;
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  return *middle;
}

/// Takes the child's lines in turn. What is no line of ours, the module wrote there: it is left out.
class listener {
public:
  explicit listener(trial_result& into)
      : into_(into) {}

  // True if it is one of ours.
  bool take(std::string_view text) {
    const auto line = json::parse(text, nullptr, false);
    if (!line.is_object()) return false;
    const auto step = words(line, "step");
    if (!take(step, line)) return false;
    into_.step = step;
    return true;
  }

  void finish() { into_.load_us = median(load_us_), into_.close_us = median(close_us_); }

private:
  bool take(const std::string& step, const json& line) {
    if (step == "loading")
      before_ = object(line, "usage");
    else if (step == "refused")
      take_end(line, trial_outcome::refused);
    else if (step == "resident")
      take_end(line, trial_outcome::resident);
    else if (step == "loaded")
      take_load(line);
    else if (step == "unloaded")
      take_unload(line);
    else
      return step == "unloading" || step == "at the end";
    return true;
  }

  void take_end(const json& line, trial_outcome outcome) {
    into_.outcome = outcome;
    into_.detail = words(line, "detail"), into_.reason = words(line, "reason");
  }

  void take_load(const json& line) {
    load_us_.push_back(real(line, "us"));
    if (into_.cycles == 0) into_.loaded_bytes = difference(object(line, "usage"), before_, "resident_bytes");
  }

  void take_unload(const json& line) {
    ++into_.cycles;
    close_us_.push_back(real(line, "us"));
    const auto outcome = words(line, "outcome");
    take_end(line, outcome == "gone"        ? trial_outcome::gone
                   : outcome == "lingering" ? trial_outcome::lingering
                                            : trial_outcome::in_use);
    if (const auto usage = object(line, "usage"); usage.is_object()) take_usage(usage);
  }

  // What the first cycle takes may be taken once and for all.
  void take_usage(const json& usage) {
    if (into_.cycles == 1) first_ = usage;
    into_.measured = into_.cycles > 1;
    const auto grown = [&](const char* key) { return difference(usage, first_, key); };
    into_.growth = {grown("resident_bytes"), grown("threads"),   grown("descriptors"),
                    grown("images"),         grown("tls_bytes"), grown("tls_keys")};
  }

  trial_result& into_;
  std::vector<double> load_us_, close_us_;
  json before_, first_;
};

// "while it was loading", "at the process's end"
std::string when(const std::string& step) {
  if (step == "loading") return "while it was loaded";
  if (step == "unloading" || step == "loaded") return "while it was unloaded";
  return "at the end of the process, after it was closed";
}

void judge_end(const child_end& end, const trial_options& options, trial_result& into) {
  switch (end.fate) {
  case child_fate::not_started:
    into.outcome = trial_outcome::not_tried;
    into.detail = fmt::format("no child process could be started: {}", end.words);
    return;
  case child_fate::timed_out:
    into.outcome = trial_outcome::hung;
    into.detail = fmt::format("hung {}: nothing happened for {} ms", when(into.step), options.limit.count());
    return;
  case child_fate::killed:
    into.outcome = trial_outcome::crashed;
    into.detail = fmt::format("crashed {}: {}", when(into.step), end.words);
    return;
  case child_fate::cut_off:
    into.outcome = trial_outcome::cut_off;
    into.detail = fmt::format("closed file descriptors that are not its own {}, that of its trial among them",
                              when(into.step));
    return;
  case child_fate::exited:
    break;
  }
  if (into.step == "at the end" && end.code == 0) return;
  into.outcome = trial_outcome::left;
  into.detail = fmt::format("ended the process with exit status {} {}", end.code, when(into.step));
}

} // namespace

std::string_view name_of(trial_outcome outcome) noexcept {
  constexpr std::array<std::string_view, 10> names{"gone", "lingering", "in-use",  "refused",  "crashed",
                                                   "left", "hung",      "cut-off", "resident", "not-tried"};
  return names[static_cast<std::size_t>(outcome)];
}

trial_result try_module(const std::string& path, const trial_options& options) {
  trial_result result;
  listener ear(result);
  const auto end = run_child(
      {{std::string(trial_word), path, std::to_string(options.cycles)}, options.folders, options.limit},
      [&](std::string_view line) { return ear.take(line); });
  ear.finish();
  result.output = end.output;
  judge_end(end, options, result);
  return result;
}

} // namespace tenure::cli
