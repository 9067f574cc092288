#include "check.hpp"

#include "os/child.hpp"
#include "output.hpp"
#include "parallel.hpp"
#include "progress.hpp"
#include "symbol_list.hpp"
#include "walk.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_set>

namespace tenure::cli {
namespace {

using identity_key = std::tuple<std::uint64_t, std::uint64_t>;
identity_key key_of(const os::file_identity& it) noexcept { return {it.volume, it.number}; }

std::string hexadecimal(std::span<const std::byte> bytes) {
  std::string text;
  for (const auto each : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(each));
  return text;
}

/// A library that stays, and one that it needs, with the way between them.
struct pinned {
  identity_key whom;
  std::vector<std::string> chain;
};

/// One file on its way to its report.
struct subject {
  std::optional<file_report> report; ///< none for what nobody would take for a library
  std::vector<pinned> pins;
};

class checker {
public:
  checker(const check_options& options, const std::vector<std::string>& interface)
      : options_(options)
      , interface_(interface)
      , search_(table_, options.folders) {}

  // What goes wrong with one file says nothing about the others.
  subject look_at(const met_file& file) {
    subject result;
    try {
      look_at(file, result);
    } catch (const std::exception& e) {
      if (!result.report) result.report.emplace().path = file.path;
      result.report->error = e.what();
    }
    return result;
  }

  // Those that were tried first may have told of others.
  void conclude(file_report& report) const {
    for (const auto& each : report.obstacles)
      report.accepted.push_back(std::find(options_.accepted.begin(), options_.accepted.end(),
                                          name_of(each.kind)) != options_.accepted.end());
    report.fate = judge(report);
  }

private:
  void look_at(const met_file& file, subject& result) {
    auto it = file.named ? std::optional(read_library(file.path)) : read_met_file(file.path);
    if (!it) return;
    result.report.emplace();
    auto& report = *result.report;
    report.path = it->path, report.identity = it->identity, report.error = it->error,
    report.fault = it->fault;
    if (it->readable()) fill(report, *it);
    if (it->readable()) look_at_needs(*it, result);
    if (options_.load && it->readable()) try_it(report);
  }

  void fill(file_report& report, const library& it) const {
    const auto& f = *it;
    report.target = describe_target(it), report.native = is_native(it);
    report.name = f.name, report.build_id = hexadecimal(f.build_id);
    report.needed.assign(f.needed.begin(), f.needed.end());
    report.obstacles = find_obstacles(it), report.warnings = find_warnings(it);
    report.plugin = read_plugin_info(f);
    report.runs = f.runs, report.tls_size = f.tls_size, report.tls = f.tls;
    report.export_count = f.exports.size();
    if (!interface_.empty()) report.lacking = find_lacking(interface_, f);
    if (options_.symbols) report.symbols = list_symbols(f.exports, true);
  }

  void look_at_needs(const library& it, subject& into) {
    const auto own = summarise(it);
    const auto all = find_closure(own, search_);
    for (auto& each : unmet_needs(all)) into.report->unmet.push_back(std::move(each.sentence));
    excuse_unique(all, *into.report);
    for (std::size_t i = 1; i < all.nodes.size(); ++i) {
      if (!keeps_for_ever(all.nodes[i].it->obstacles)) continue;
      into.report->leaves_behind.push_back(all.nodes[i].it->path);
      if (const auto way = find_way(all, i, 0); !way.empty())
        into.report->obstacles.push_back(needed_by(names_of(all, way)));
    }
    if (keeps_for_ever(into.report->obstacles)) find_pins(all, into);
  }

  // A library that it needs is relocated first: a unique symbol that both define is that one's, and keeps
  // that one.
  static void excuse_unique(const closure& all, file_report& report) {
    std::unordered_set<std::string_view> others;
    for (std::size_t i = 1; i < all.nodes.size(); ++i)
      for (const auto& each : all.nodes[i].it->obstacles)
        if (each.kind == obstacle_kind::unique_symbol)
          others.insert(each.symbols.begin(), each.symbols.end());
    const auto is_excused = [&](const obstacle& one) {
      return one.kind == obstacle_kind::unique_symbol && !one.symbols.empty() &&
             std::all_of(one.symbols.begin(), one.symbols.end(),
                         [&](const std::string& name) { return others.contains(name); });
    };
    if (std::erase_if(report.obstacles, is_excused) != 0)
      report.warnings.emplace_back(
          "its unique symbols are also those of libraries that it needs, which they keep in its place");
  }

  static void find_pins(const closure& all, subject& into) {
    for (std::size_t i = 1; i < all.nodes.size(); ++i) {
      std::vector<std::size_t> way{i};
      while (way.front() != 0) way.insert(way.begin(), all.nodes[way.front()].parent);
      into.pins.push_back({key_of(all.nodes[i].it->identity), names_of(all, way)});
    }
  }

  static std::vector<std::string> names_of(const closure& all, const std::vector<std::size_t>& way) {
    std::vector<std::string> names;
    for (const auto each : way) names.push_back(all.nodes[each].it->path);
    return names;
  }

  void try_it(file_report& report) const {
    const std::chrono::milliseconds limit(static_cast<long long>(options_.timeout * 1e3));
    if (!report.native) {
      report.error = fmt::format("cannot be tried here: it is {}", report.target);
      return;
    }
    const auto path = absolute_path(report.path, report.error); // a bare name is looked for elsewhere
    if (report.error.empty()) report.trial = try_module(path, {options_.cycles, limit, options_.folders});
  }

public:
  static obstacle needed_by(std::vector<std::string> chain) {
    obstacle found{obstacle_kind::needed_by,
                   fmt::format("needed by {}, which stays", chain.front()),
                   "cure that one, or do not link it with this one",
                   {},
                   {}};
    found.chain = std::move(chain);
    return found;
  }

private:
  const check_options& options_;
  const std::vector<std::string>& interface_;
  summary_table table_;
  searcher search_;
};

// A library that stays keeps what it needs, if both are loaded.
void apply_pins(const std::vector<subject>& all, std::vector<file_report>& reports) {
  std::map<identity_key, file_report*> by_identity;
  for (auto& each : reports) by_identity.emplace(key_of(each.identity), &each);
  for (const auto& each : all)
    for (const auto& pin : each.pins) {
      const auto at = by_identity.find(pin.whom);
      if (at == by_identity.end() || !at->second->error.empty()) continue;
      auto& list = at->second->obstacles;
      const bool known = std::any_of(list.begin(), list.end(),
                                     [](const obstacle& o) { return o.kind == obstacle_kind::needed_by; });
      if (!known) list.push_back(checker::needed_by(pin.chain));
    }
}

// Links and hard links: each file once, by the first of its names.
std::vector<file_report> take_reports(std::vector<subject>& all) {
  std::map<identity_key, bool> seen;
  std::vector<file_report> reports;
  for (auto& each : all) {
    if (!each.report) continue;
    const bool opened = each.report->identity != os::file_identity{};
    if (opened && !seen.emplace(key_of(each.report->identity), true).second) continue;
    reports.push_back(std::move(*each.report));
  }
  return reports;
}

std::vector<file_report> check_all(const check_options& options, const std::vector<std::string>& interface,
                                   const std::vector<met_file>& files) {
  checker one(options, interface);
  std::vector<subject> subjects(files.size());
  {
    progress bar(files.size());
    const auto threads = options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
    for_each_index(files.size(), threads, [&](std::size_t i) {
      subjects[i] = one.look_at(files[i]);
      bar.step();
    });
  }
  auto reports = take_reports(subjects);
  apply_pins(subjects, reports);
  for (auto& each : reports) one.conclude(each);
  return reports;
}

} // namespace

int run_check(const check_options& options) {
  if (options.load) expect_children();
  std::vector<std::string> interface;
  auto walked = find_files(options.paths);
  auto& problems = walked.errors;
  for (const auto& each : options.interfaces) {
    std::string error;
    if (!read_interface(each, interface, error)) problems.push_back(error);
  }
  const auto reports = check_all(options, interface, walked.files);
  if (reports.empty() && problems.empty())
    problems.emplace_back("there is no shared library in what was named");
  put(options.json ? to_json(reports, problems) : to_text(reports, options, style(options.colours)));
  for (const auto& each : problems) complain(each);
  return problems.empty() ? status_of(reports) : status_unreadable;
}

} // namespace tenure::cli
