// The parent's part of a trial: what the child told, and how it ended.
#include "trial.hpp"

#include "os/child.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace tenure::cli {
namespace {

using json = nlohmann::ordered_json; // as the child, which wrote it

std::int64_t number(const json& usage, const char* key) {
  return usage.is_object() ? usage.value(key, std::int64_t{0}) : 0;
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

  void take_all(std::string_view text) {
    while (!text.empty()) {
      const auto end = text.find('\n');
      const auto line = json::parse(text.substr(0, end), nullptr, false);
      if (line.is_object()) take(line);
      text = end == text.npos ? std::string_view() : text.substr(end + 1);
    }
    into_.load_us = median(load_us_), into_.close_us = median(close_us_);
  }

private:
  void take(const json& line) {
    const auto step = line.value("step", "");
    if (step == "loading") before_ = line.value("usage", json());
    if (step == "refused") take_end(line, trial_outcome::refused);
    if (step == "loaded") take_load(line);
    if (step == "unloaded") take_unload(line);
    into_.step = step;
  }

  void take_end(const json& line, trial_outcome outcome) {
    into_.outcome = outcome;
    into_.detail = line.value("detail", ""), into_.reason = line.value("reason", "");
  }

  void take_load(const json& line) {
    load_us_.push_back(line.value("us", 0.0));
    const auto usage = line.value("usage", json());
    if (into_.cycles == 0)
      into_.loaded_bytes = number(usage, "resident_bytes") - number(before_, "resident_bytes");
  }

  void take_unload(const json& line) {
    ++into_.cycles;
    close_us_.push_back(line.value("us", 0.0));
    const auto outcome = line.value("outcome", "");
    take_end(line, outcome == "gone"        ? trial_outcome::gone
                   : outcome == "lingering" ? trial_outcome::lingering
                                            : trial_outcome::in_use);
    if (const auto usage = line.value("usage", json()); usage.is_object()) take_usage(usage);
  }

  // What the first cycle takes may be taken once and for all.
  void take_usage(const json& usage) {
    if (into_.cycles == 1) first_ = usage;
    into_.measured = into_.cycles > 1;
    const auto grown = [&](const char* key) { return number(usage, key) - number(first_, key); };
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
  case child_fate::exited:
    break;
  }
  if (into.step == "at the end" && end.code == 0) return;
  into.outcome = trial_outcome::left;
  into.detail = fmt::format("ended the process with exit status {} {}", end.code, when(into.step));
}

} // namespace

std::string_view name_of(trial_outcome outcome) noexcept {
  constexpr std::array<std::string_view, 8> names{"gone",    "lingering", "in-use", "refused",
                                                  "crashed", "left",      "hung",   "not-tried"};
  return names[static_cast<std::size_t>(outcome)];
}

trial_result try_module(const std::string& path, const trial_options& options) {
  const auto end = run_child({std::string(trial_word), path, std::to_string(options.cycles)}, options.limit);
  trial_result result;
  listener(result).take_all(end.results);
  result.output = end.output;
  judge_end(end, options, result);
  return result;
}

} // namespace tenure::cli
