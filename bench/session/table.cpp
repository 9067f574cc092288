#include "table.hpp"

#include "checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

namespace session {
namespace {

constexpr std::size_t line_width = 118; // characters

// Words after a heading, broken to lines that are indented.
void print_names(const std::string& heading, const std::vector<std::string>& names) {
  std::string line = "  " + heading + ":";
  for (const std::string& name : names) {
    if (line.size() + 1 + name.size() > line_width) {
      fmt::print("{}\n", line);
      line = "     ";
    }
    line += ' ' + name;
  }
  fmt::print("{}\n", line);
}

using names_by_group = std::map<std::string, std::vector<std::string>>;

// "12 plug-ins", "1 plug-in"
std::string plug_ins(std::size_t n) { return fmt::format("{} plug-in{}", n, n == 1 ? "" : "s"); }

std::size_t count(const corpus& c, kind how, verdict what) {
  return static_cast<std::size_t>(std::count_if(
      c.trials.begin(), c.trials.end(), [&](const trial& t) { return t.file.how == how && t.what == what; }));
}

std::size_t count(const corpus& c, verdict what) {
  return static_cast<std::size_t>(
      std::count_if(c.trials.begin(), c.trials.end(), [&](const trial& t) { return t.what == what; }));
}

// A file that was not loaded has no kind: the folder says where it lies.
void print_not_loadable(const corpus& c) {
  if (count(c, verdict::not_loadable) == 0) return;
  fmt::print("Not loadable, in Tenure's words:\n");
  for (const trial& t : c.trials)
    if (t.what == verdict::not_loadable) fmt::print("  {}\n", t.why);
}

void print_left_out(const corpus& c) {
  if (count(c, verdict::left_out) == 0) return;
  fmt::print("Left out, as one trial in a process of its own showed, or as known before:\n");
  for (const trial& t : c.trials)
    if (t.what == verdict::left_out)
      fmt::print("  {}: {}{}\n", t.file.name, t.group, t.why == t.group ? "" : "; " + t.why);
}

constexpr const char* row = "{:<22}{:>6}{:>8}{:>7}{:>9}{:>8}{:>10}{:>6}{:>7}{:>9}{:>7}{:>6}{:>9}{:>6}\n";

void print_row(const figures& f) {
  const auto one = [](double x) { return fmt::format("{:.1f}", x); };
  fmt::print(fmt::runtime(row), f.policy, f.loads, f.revives, f.closes, f.deferrals, one(loader_ms(f)),
             fmt::format("{:.0f}..{:.0f}", f.loader_least_ms, f.loader_most_ms), one(f.open_p50_us),
             one(f.open_p99_us), fmt::format("{:.0f}", f.resident_seconds), f.peak,
             fmt::format("{:.0f}", f.peak_mib), f.lingered.size(), one(f.final_close_ms));
}

// What lingers under most policies is said once.
std::string policies_with(const outcome& o, const std::string& name) {
  std::vector<std::string> with, without;
  for (const figures& f : o.policies) {
    const bool here =
        std::any_of(f.lingered.begin(), f.lingered.end(), [&](const lingering& l) { return l.name == name; });
    (here ? with : without).push_back(f.policy);
  }
  if (without.empty()) return "under every policy";
  return with.size() <= without.size() ? fmt::format("under {}", fmt::join(with, ", "))
                                       : fmt::format("under all but {}", fmt::join(without, ", "));
}

} // namespace

void print_machine(const outcome& o) {
  const bench::machine& m = o.where;
  fmt::print("Machine   {}, {} cores, load {:.1f} before the run; {}, {}, {}\n", m.processor, m.cores, m.load,
             m.system, m.libc, m.kernel);
  fmt::print("Compiler  {}, {}; {}\n", m.compiler, m.flags, m.date);
}

void print_corpus(const corpus& c) {
  fmt::print("\n{:<20}{:>8}{:>10}\n", "Plug-ins", "usable", "left out");
  for (const kind k : all_kinds) {
    const std::size_t good = count(c, k, verdict::usable);
    if (good != 0) fmt::print("{:<20}{:>8}\n", name_of(k), good);
  }
  fmt::print("{:<20}{:>8}{:>10}   and {} not loadable\n", "all", count(c, verdict::usable),
             count(c, verdict::left_out), count(c, verdict::not_loadable));
  for (const std::string& folder : c.folders) fmt::print("  from {}\n", folder);
  if (!c.remark.empty()) fmt::print("{}\n", c.remark);
  print_not_loadable(c);
  print_left_out(c);
}

void print_trace(const outcome& o) {
  fmt::print(
      "\nOne session, seed {}: {} s of session time on {} threads, {} opens, {} calls, {} releases of {}.\n",
      o.wish.seed, o.wish.seconds, o.wish.threads, o.played.count(action::open), o.played.count(action::call),
      o.played.count(action::release), plug_ins(o.used.size()));
  const std::size_t rounds = o.rounds.empty() ? 0 : o.rounds.front().size();
  fmt::print(
      "Session time goes in ticks of {} ms and is played as fast as it can be; the managers' clock "
      "shows it. The\n"
      "program sweeps once a session second. Each replay has a process of its own; files are warm, as "
      "each was\n"
      "loaded before. Of {} round{} the replay with the middle time in the loader is shown, with the least\n"
      "and the most of them. Opens (in us) and closes take real time, modules are mapped in session time. A "
      "close "
      "is\ndeferred when the thread's stack seems to lead into the module. Peak MiB is all of the process.\n",
      1000 / ticks_per_second, rounds, rounds != 1 ? "s" : "");
}

void print_policies(const outcome& o) {
  fmt::print("\n");
  fmt::print(fmt::runtime(row), "", "", "", "", "closes", "loader", "least..", "open", "open", "mapped",
             "peak", "peak", "modules", "final");
  fmt::print(fmt::runtime(row), "policy", "loads", "revives", "closes", "deferred", "ms", "most", "p50",
             "p99", "module-s", "mapped", "MiB", "lingered", "ms");
  for (const figures& f : o.policies)
    if (f.completed)
      print_row(f);
    else
      fmt::print("{:<22} {}\n", f.policy, f.trouble);
}

void print_own_faults(const outcome& o) {
  const std::vector<std::string> names = wrong_without_closing(o);
  if (names.empty()) return;
  fmt::print("\n");
  print_names("Not finite where nothing is ever closed either, so no policy's fault", names);
}

void print_lingering(const outcome& o) {
  std::map<std::string, std::pair<std::string, std::string>> modules; // by name: reason, detail
  for (const figures& f : o.policies)
    for (const lingering& l : f.lingered) modules.insert_or_assign(l.name, std::pair(l.reason, l.detail));
  if (modules.empty()) {
    fmt::print("\nNo module lingered after its close.\n");
    return;
  }
  names_by_group reasons;
  for (const auto& [name, why] : modules) reasons[why.first].push_back(name);
  fmt::print("\nModules that stayed mapped after a close, and why:\n");
  for (const auto& [reason, names] : reasons)
    print_names(fmt::format("{} ({})", reason, names.size()), names);
  for (const auto& [name, why] : modules)
    fmt::print("  {}: {}; {}\n", name, why.second, policies_with(o, name));
}

} // namespace session
