// Modules that nobody here wrote, opened, used and released a hundred times under each policy, one process
// for each policy, and looked at from outside.
//   unload_test CORPUS
// The oracle: the same opens, uses and closes by plain dlopen and dlclose. Under Tenure no module dies that
// lives there; memory and descriptors grow no more than there; what is mapped afterwards is what the report
// says, each with a reason that readelf bears out; and it is what plain dlclose leaves mapped too. Exit
// status: 0 all holds, 1 something does not, 77 the corpus is not installed.
#include "cycles.hpp"

#include <tenure/tenure.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>
#include <exception>

#include <sys/resource.h>
#include <unistd.h>

namespace {

using namespace real;

constexpr std::chrono::milliseconds patience{10'000}; // for one trial of one module, on a busy machine
constexpr double use_budget = 0.015; // seconds of processor time, for the uses of a module under a policy
constexpr double slowest_use = 0.3;  // seconds; three of these are more than the rest of its group
constexpr rlim_t longest_trial = 4;  // seconds of processor time; six uses and some more
// By how much the same loop's memory differs from run to run: what the allocator keeps, where blocks end up.
// Measured: up to 112 KiB a group and 520 KiB in all where plain dlopen grows by nothing, a third of its
// growth where it does. What Tenure lost at each pass would add up: 64 bytes, tried once, to 2 MiB over the
// gconv modules.
constexpr std::int64_t group_noise_kib = 512, total_noise_kib = 1024;
std::int64_t allowed(std::int64_t plain_kib, std::int64_t noise_kib) {
  return std::max<std::int64_t>(plain_kib, 0) * 3 / 2 + noise_kib;
}

unsigned failures = 0, checks = 0;

void expect(bool holds, const std::string& what) {
  ++checks;
  if (holds) return;
  ++failures;
  fmt::print("FAILED: {}\n", what);
}

// --- what can be used
// -----------------------------------------------------------------------------------------------

struct sorted_files {
  std::vector<target> targets;
  std::vector<session::plugin> unloadable; // not by plain dlopen either
  std::vector<std::string> own_faults;     // dies by itself, with plain dlopen
};

// How often to use it: as often as the budget allows, at cycles that divide a hundred.
unsigned use_every(double seconds) {
  for (const unsigned every : {1U, 2U, 5U, 10U, 20U, 50U})
    if (seconds * cycles / every <= use_budget) return every;
  return cycles;
}

// Some lose memory at each use, whoever loaded them; that would drown what we are looking for.
bool loses_memory(const session::plugin& p) {
  constexpr int uses = 4;
  constexpr std::int64_t too_much_kib = 256; // in these; a warm allocator takes a few pages
  const std::int64_t before = look_at(getpid()).memory_kib;
  for (int i = 0; i != uses; ++i) plain_dlopen()->pass(p, true);
  return look_at(getpid()).memory_kib - before > too_much_kib;
}

// In a child, by plain dlopen: "KIND EVERY" or "unloadable"; KIND 0 for one that is only opened
// and closed, since its use takes too long, loses memory, or is refused.
std::string try_one(const corpus& c, session::plugin p) {
  const rlimit limit{longest_trial, longest_trial};
  setrlimit(RLIMIT_CPU, &limit); // for one that computes for ever
  for (const std::string& host : c.hosts) open_for_ever(host);
  try {
    p.how = find_kind(p);
  } catch (const std::runtime_error&) {
    return "unloadable";
  }
  const std::string unused = fmt::format("{} 0", static_cast<int>(p.how));
  try {
    const std::clock_t begin = std::clock();
    for (int i = 0; i != 2; ++i) plain_dlopen()->pass(p, true);
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC / 2;
    if (seconds > slowest_use || loses_memory(p)) return unused;
    return fmt::format("{} {}", static_cast<int>(p.how), use_every(seconds));
  } catch (const std::runtime_error&) {
    return unused;
  }
}

void sort_one(const corpus& c, session::plugin p, sorted_files& into) {
  std::string answer;
  const std::string death = run_apart([&] { return try_one(c, p); }, patience, answer);
  if (!death.empty()) return into.own_faults.push_back(fmt::format("{}: {}", p.name, death));
  if (answer == "unloadable") return into.unloadable.push_back(p);
  const std::size_t space = answer.find(' ');
  p.how = static_cast<session::kind>(std::stoi(answer));
  const auto every = static_cast<unsigned>(std::stoul(answer.substr(space)));
  into.targets.push_back({p, every != 0, std::max(every, 1U)});
}

sorted_files sort(const corpus& c) {
  sorted_files sorted;
  for (const session::plugin& p : c.files) sort_one(c, p, sorted);
  return sorted;
}

// --- what is expected
// -----------------------------------------------------------------------------------------------

// What the loader refuses is an error here, in one process, and with a message that tells more than the name.
void check_refusals(const corpus& c, const std::vector<session::plugin>& files) {
  const auto open_all = [&] {
    for (const std::string& host : c.hosts) open_for_ever(host);
    tenure::manager<tenure::policy::immediate> modules;
    std::string accepted;
    for (const session::plugin& p : files) {
      tenure::failure why;
      const tenure::module m = modules.open(p.path, why);
      if (m || why.code() == tenure::errc{} || std::string(why.missing()).empty()) accepted += p.name + " ";
    }
    return accepted + fmt::format("{}", modules.stats().resident);
  };
  std::string answer;
  const std::string death = run_apart(open_all, patience, answer);
  expect(death.empty() && answer == "0",
         fmt::format(
             "what plain dlopen refuses is refused with the name that is missing, and leaves nothing: {} {}",
             death, answer));
}

// True if it dies by plain dlopen too, in as many cycles.
bool dies_anyway(const corpus& c, const target& t) {
  return !run_cycles(c, {t}, plain_dlopen).deaths.empty();
}

void check_deaths(const corpus& c, const std::vector<target>& targets, const record& r,
                  const std::string& policy) {
  for (const death& d : r.deaths)
    expect(dies_anyway(c, targets[d.target]), fmt::format("{}: {} {}, which it does not with plain dlopen",
                                                          policy, targets[d.target].file.name, d.how));
}

void check_growth(const std::vector<target>& targets, const record& plain, const record& r,
                  const std::string& policy) {
  growth all_here, all_there;
  for (const auto& [first, here] : r.groups) {
    const auto at = plain.groups.find(first);
    if (at == plain.groups.end()) continue; // a child began behind a module that had died
    const growth& there = at->second;
    all_here.memory_kib += here.memory_kib;
    all_there.memory_kib += there.memory_kib;
    const std::string& name = targets[first].file.name;
    expect(here.memory_kib <= allowed(there.memory_kib, group_noise_kib),
           fmt::format("{}: {} and the nine behind it grow by {} KiB in 90 cycles, with plain dlopen by {}",
                       policy, name, here.memory_kib, there.memory_kib));
    expect(here.descriptors <= there.descriptors,
           fmt::format("{}: {} and the nine behind it leave {} descriptors open", policy, name,
                       here.descriptors));
  }
  expect(all_here.memory_kib <= allowed(all_there.memory_kib, total_noise_kib),
         fmt::format("{}: all together grow by {} KiB, with plain dlopen by {}", policy, all_here.memory_kib,
                     all_there.memory_kib));
}

std::string names(const path_set& paths) {
  return paths.empty() ? "none" : fmt::format("{}", fmt::join(paths, " "));
}

// Returns what lingered.
std::vector<lingering> check_policy(const corpus& c, const std::vector<target>& targets, const record& plain,
                                    const session::policy_entry& policy) {
  const record r = run_cycles(c, targets, [&] { return under_policy(policy); });
  check_deaths(c, targets, r, policy.name);
  expect(r.faults.empty(), fmt::format("{}: {}", policy.name, fmt::join(r.faults, "\n  ")));
  check_growth(targets, plain, r, policy.name);
  if (!policy.keeps_pages)
    expect(r.still_mapped == plain.still_mapped,
           fmt::format("{}: mapped at the end: {}; with plain dlopen: {}", policy.name, names(r.still_mapped),
                       names(plain.still_mapped)));
  std::int64_t kib = 0;
  for (const auto& [first, g] : r.groups) kib += g.memory_kib;
  fmt::print("  {:<23} grown by {:>7} KiB, {} lingering\n", policy.name, kib, r.lingers.size());
  return r.lingers;
}

void tell(const corpus& c, const sorted_files& sorted, const record& plain) {
  const auto used =
      std::count_if(sorted.targets.begin(), sorted.targets.end(), [](const target& t) { return t.usable; });
  std::int64_t kib = 0;
  for (const auto& [first, g] : plain.groups) kib += g.memory_kib;
  fmt::print("{}: {} of {} modules, {} with their code run; {} that the loader refuses\n", c.name,
             sorted.targets.size(), c.files.size(), used, sorted.unloadable.size());
  for (const std::string& fault : sorted.own_faults) fmt::print("  dies with plain dlopen too: {}\n", fault);
  for (const death& d : plain.deaths)
    fmt::print("  dies with plain dlopen too: {}: {}\n", sorted.targets[d.target].file.name, d.how);
  fmt::print("  {:<23} grown by {:>7} KiB, {} still mapped\n", "plain dlopen", kib,
             plain.still_mapped.size());
}

int run(const std::string& name) {
  const corpus c = find_corpus(name);
  if (c.files.size() < c.enough) {
    fmt::print("skipped: {} of the at least {} modules of the corpus '{}' are installed\n", c.files.size(),
               c.enough, name);
    return 77;
  }
  const sorted_files sorted = sort(c);
  expect(sorted.targets.size() >= c.enough,
         fmt::format("{} of {} modules load", sorted.targets.size(), c.files.size()));
  check_refusals(c, sorted.unloadable);
  const record plain = run_cycles(c, sorted.targets, plain_dlopen);
  tell(c, sorted, plain);
  std::map<std::string, std::string> why; // of what lingered, by path
  for (const session::policy_entry& policy : session::all_policies())
    for (const lingering& l : check_policy(c, sorted.targets, plain, policy))
      why.emplace(l.path, l.reason + ": " + l.detail);
  for (const auto& [path, reason] : why) fmt::print("  lingers: {}: {}\n", path, reason);
  fmt::print("{} passed, {} failed\n", checks - failures, failures);
  return failures == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run(argc == 2 ? argv[1] : "");
  } catch (const std::exception& e) {
    fmt::print("unload_test: {}\n", e.what());
    return 1;
  }
}
