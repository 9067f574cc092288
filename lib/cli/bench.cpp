// The parent's part of `tenure bench`: what is measured, and the figures in words.
#include "bench.hpp"

#include "json.hpp"
#include "os/child.hpp"
#include "output.hpp"
#include "symbol_list.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace tenure::cli {
namespace {

using json = nlohmann::ordered_json;

std::string first_function(const library& it) {
  for (const auto& each : it->exports)
    if (each.kind == image::symbol_kind::function) return std::string(each.name);
  return {};
}

// False with `why` for what cannot be measured.
bool prepare(bench_options& options, std::string& why) {
  const auto it = read_library(options.path);
  why = it.error;
  if (!it.readable()) return false;
  if (!is_native(it)) why = fmt::format("cannot be loaded here: it is {}", describe_target(it));
  if (options.symbol.empty()) options.symbol = first_function(it);
  if (why.empty() && options.symbol.empty()) why = "exports no function that could be looked up";
  for (const auto& each : find_lacking({options.symbol, options.called}, *it))
    if (why.empty() && !each.empty()) why = fmt::format("does not export {}", each);
  if (why.empty()) options.path = absolute_path(options.path, why); // a bare name is looked for elsewhere
  return why.empty();
}

std::string describe_end(const child_end& end, const bench_options& options) {
  switch (end.fate) {
  case child_fate::not_started:
    return fmt::format("no child process could be started: {}", end.words);
  case child_fate::timed_out:
    return fmt::format("hung while it was measured: nothing happened for {} s", options.timeout);
  case child_fate::killed:
    return fmt::format("crashed while it was measured: {}", end.words);
  case child_fate::cut_off:
    return "closed file descriptors that are not its own while it was measured";
  case child_fate::exited:
    break;
  }
  return fmt::format("ended the process with exit status {} while it was measured", end.code);
}

bool is_number(const json& row, const char* key) {
  const auto at = row.find(key);
  return at != row.end() && at->is_number();
}

// The module may write there, too.
bool are_figures(const json& line) {
  if (!line.contains("steps") || !line["steps"].is_array() || !line.contains("stays")) return false;
  bool right = line["stays"].is_string();
  for (const auto& row : line["steps"]) {
    right = right && row.is_object() && row.contains("name") && row["name"].is_string();
    for (const char* const key : {"raw_p50_ns", "raw_p99_ns", "tenure_p50_ns", "tenure_p99_ns"})
      right = right && is_number(row, key);
  }
  return right;
}

/// What the child told at last.
struct measurement {
  json figures;
  std::string why; ///< if there are none

  bool take(std::string_view text) {
    const auto line = json::parse(text, nullptr, false);
    if (!line.is_object() || !line.contains("step")) return false;
    if (line["step"] == "measured" && are_figures(line)) figures = line;
    if (line["step"] == "failed" && line.contains("why") && line["why"].is_string()) why = line["why"];
    return true;
  }
};

measurement measure(const bench_options& options) {
  expect_children();
  measurement result;
  const std::chrono::milliseconds limit(static_cast<long long>(options.timeout * 1e3));
  const auto end = run_child(
      {{std::string(bench_word), options.path, options.symbol, options.called, std::to_string(options.count)},
       {},
       limit},
      [&](std::string_view line) { return result.take(line); });
  const bool well = end.fate == child_fate::exited && end.code == status_good;
  if (!well || (result.figures.is_null() && result.why.empty())) result.why = describe_end(end, options);
  return result;
}

std::string as_text(const json& figures, const bench_options& options) {
  std::string text =
      fmt::format("{}, {} times, microseconds\n{:10} {:>10} {:>10} {:>10} {:>10}\n", printable(options.path),
                  options.count, "", "raw p50", "p99", "Tenure p50", "p99");
  for (const auto& each : figures["steps"]) {
    const auto us = [&](const char* key) { return each[key].get<double>() / 1e3; };
    text +=
        fmt::format("{:10} {:10.3f} {:10.3f} {:10.3f} {:10.3f}\n", printable(each["name"].get<std::string>()),
                    us("raw_p50_ns"), us("raw_p99_ns"), us("tenure_p50_ns"), us("tenure_p99_ns"));
  }
  if (const auto stays = figures["stays"].get<std::string>(); !stays.empty())
    text += fmt::format("only the first load was one, for it stays: {}\n", printable(stays));
  return text;
}

std::string as_json(const json& figures, const bench_options& options) {
  return printed({{"version", 1},
                  {"path", options.path},
                  {"count", options.count},
                  {"stays", figures["stays"]},
                  {"steps", figures["steps"]}});
}

} // namespace

int run_bench(const bench_options& asked) {
  auto options = asked;
  measurement it;
  if (prepare(options, it.why)) it = measure(options);
  if (!it.why.empty()) return refuse(asked.path, it.why, options.json);
  put(options.json ? as_json(it.figures, options) : as_text(it.figures, options));
  return it.figures["stays"].get<std::string>().empty() ? status_good : status_bad;
}

} // namespace tenure::cli
