#include "table.hpp"

#include "format.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bench {
namespace {

constexpr const char* line = "{:<4} {:<42} {:>9} {:>27} {:>8} {:>8} {:>8} {:>6}  {:<44} {}\n";

void print(const row& r) {
  if (!r.missing.empty()) {
    fmt::print("{:<4} {:<42} {:>9} {}\n", r.id, r.what, "-", r.missing);
    return;
  }
  const std::string ratio = r.ratio ? figure(*r.ratio) : "-";
  fmt::print(fmt::runtime(line), r.id, r.what, median_of(r.ours), with_name(r.peer), median_of(r.floor),
             median_of(r.raw), ratio, fmt::format("{:.0f} %", r.spread * 100), r.target,
             r.met ? "met" : "NOT MET");
}

} // namespace

void print_heading(const outcome& o) {
  const machine& m = o.where;
  fmt::print("Machine   {}, {} cores, load {:.1f} before the run; {}, {}, {}\n", m.processor, m.cores, m.load,
             m.system, m.libc, m.kernel);
  fmt::print("Compiler  {}, {}; {}\n", m.compiler, m.flags, m.date);
  fmt::print("Peers     {}\n",
             o.peers.empty() ? "none is installed" : fmt::format("{}", fmt::join(o.peers, ", ")));
  fmt::print("Files are in the page cache; a second thread sleeps in every process but one. Medians of {} "
             "rounds, in each of which all who answer a question do so, in random order, in one binary;\n"
             "one-thread figures by processor time, others by the wall's, per "
             "call and "
             "thread. A ratio is the median of the rounds' ratios. Spread: the middle half. Raw: dlopen, dlsym, "
             "dlclose.\nEach module that is opened again was opened 100 times before: Tenure looks at its "
             "file at the first 64, then at "
             "every 4,096th.\nA target in ns was set on another machine; it is judged by its ratio to a "
             "floor, which took what "
             "stands in brackets there.\n",
             o.repetitions);
  if (o.quick)
    fmt::print(
        "QUICK: fewer modules, shorter runs. These figures prove nothing but that the benchmark works.\n");
}

void print_rows(const outcome& o) {
  fmt::print("\n");
  fmt::print(fmt::runtime(line), "", "ns, or what is said", "ours", "best peer", "floor", "raw", "ratio",
             "spread", "target", "");
  for (const row& r : o.rows) print(r);
}

// These hardly change with the machine's load.
void print_instructions(const outcome& o) {
  constexpr std::string_view suffix = ", instructions";
  fmt::print("\nInstructions, by callgrind:");
  std::string last;
  for (const measurement& m : o.all) {
    if (m.unit != "instructions") continue;
    if (m.question != last) fmt::print("\n  {:<22}", m.question.substr(0, m.question.size() - suffix.size()));
    fmt::print("  {} {}", m.who, figure(m.median()));
    last = m.question;
  }
  fmt::print("{}\n", last.empty() ? " none were counted" : "");
}

// What each of tenure-plugin's flags does by itself, against the same module without it.
void print_flags(const outcome& o) {
  fmt::print("\nFlags of a plug-in's build, load and unload:\n");
  for (const measurement& m : o.all) {
    if (m.question.rfind("load, ", 0) != 0 ||
        (!m.who.ends_with(" alone") && !m.who.starts_with("tenure-plugin")))
      continue;
    const measurement* const without = find(o.all, m.question, "dlopen");
    if (without == nullptr) continue;
    fmt::print("  {:<44} {:<26} {:>9} {:>9}  {:.2f} x\n", m.question, m.who, figure(without->median()),
               figure(m.median()), m.median() / without->median());
  }
}

void print_remarks(const outcome& o) {
  for (const std::string& remark : o.remarks) fmt::print("{}\n", remark);
}

} // namespace bench
