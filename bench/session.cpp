// The main job on real input: one session of opens, calls and releases of plug-ins that nobody here wrote,
// replayed under every policy. What it prints says how it was measured; the last line counts the checks.
#include "session/arguments.hpp"
#include "session/chart.hpp"
#include "session/checks.hpp"
#include "session/json.hpp"
#include "session/probe.hpp"
#include "session/replay.hpp"
#include "session/table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <system_error>

namespace {

using namespace session;

void prepare(const arguments& a, const std::string& log, bench::progress& bar, outcome& o) {
  o.where = bench::this_machine();
  o.plugins = try_plugins(find_plugins(a.corpus), log, bar);
  o.used = usable(o.plugins);
  o.wish = a.wish;
  o.wish.plugins = o.used.size();
  if (o.used.empty()) return;
  o.played = make_trace(o.wish);
}

// Round by round, so that a machine that slows down or speeds up does so for every policy.
void replay_all(unsigned rounds, const std::string& log, bench::progress& bar, outcome& o) {
  if (o.used.empty()) return;
  o.rounds.resize(all_policies().size());
  for (unsigned round = 0; round != rounds; ++round)
    for (std::size_t i = 0; i != o.rounds.size(); ++i)
      o.rounds[i].push_back(replay_in_child(o, all_policies()[i], log, bar));
  for (const auto& replays : o.rounds) o.policies.push_back(middle_of(replays));
}

bool lingered(const outcome& o, const plugin& p) {
  for (const figures& f : o.policies)
    for (const lingering& l : f.lingered)
      if (l.path == p.path) return true;
  return false;
}

// What lingers is rarely popular, and worth seeing.
void choose_lanes(unsigned popular, outcome& o) {
  o.lanes = most_popular(o.played, popular);
  o.popular = o.lanes.size();
  for (std::uint32_t i = 0; i != o.used.size(); ++i)
    if (lingered(o, o.used[i]) && std::find(o.lanes.begin(), o.lanes.end(), i) == o.lanes.end())
      o.lanes.push_back(i);
}

void print_all(const outcome& o) {
  print_machine(o);
  print_corpus(o.plugins);
  print_trace(o);
  print_policies(o);
  print_own_faults(o);
  print_lingering(o);
}

// Before the minute's work, not after it. What is there stays as it is.
void must_be_writable(const std::string& file) {
  errno = 0;
  if (!std::ofstream(file, std::ios::app)) throw std::system_error(errno, std::generic_category(), file);
}

tally run(const arguments& a) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string log = a.json + ".log"; // what plug-ins print
  for (const std::string& file : {a.json, a.svg, log}) must_be_writable(file);
  std::remove(log.c_str());
  bench::progress bar;
  outcome o;
  prepare(a, log, bar, o);
  replay_all(a.rounds, log, bar, o);
  choose_lanes(a.lanes, o);
  o.real_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  print_all(o);
  write_json(o, a.json);
  write_chart(o, a.svg);
  fmt::print("\nIt took {:.0f} s. Figures: {}\nChart: {}\nWhat plug-ins printed: {}\n\n", o.real_seconds,
             a.json, a.svg, log);
  return check(o);
}

} // namespace

int main(int argc, char** argv) {
  try {
    const tally t = run(read_arguments(argc, argv));
    fmt::print("{} passed, {} failed\n", t.passed, t.failed);
    return t.failed == 0 ? 0 : 1;
  } catch (const std::exception& e) {
    fmt::print(stderr, "session: {}\n", e.what());
    fmt::print("0 passed, 1 failed\n");
    return 2;
  }
}
