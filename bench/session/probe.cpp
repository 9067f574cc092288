#include "probe.hpp"

#include "../support/child.hpp"
#include "host.hpp"
#include "mappings.hpp"
#include "symbols.hpp"

#include <tenure/error.hpp>
#include <tenure/manager.hpp>
#include <tenure/policies/immediate.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <sstream>

namespace session {
namespace {

constexpr std::chrono::milliseconds patience{2000}; // for one file
constexpr double slowest_use = 0.2; // seconds of processor time: slower ones would be most of the session
constexpr int rounds = 2;           // a second load finds what the first one left behind
constexpr int calls = 3;

using manager = tenure::manager<tenure::policy::immediate>;

// Leaves NaNs in the memory that the plug-in will get: some read what they have not set, and are right only
// as long as that is zero.
void spoil_free_memory() {
  constexpr std::size_t largest = 64 * 1024,
                        copies = 16; // bytes; more than an allocator keeps for each thread
  std::vector<std::unique_ptr<char[]>> blocks;
  for (std::size_t size = 16; size <= largest; size += size < 1024 ? 16 : size / 4)
    for (std::size_t i = 0; i != copies; ++i) {
      blocks.push_back(std::make_unique<char[]>(size));
      std::fill_n(static_cast<volatile char*>(blocks.back().get()), size,
                  '\xff'); // volatile: or it is left out
    }
}

// What is mapped since `before`, but for the plug-in.
std::vector<std::string> brought(const plugin& p, const mappings& before) {
  std::vector<std::string> files;
  for (const std::string& file : mappings_of_this_process().files)
    if (file != p.path && !before.contains(file)) files.push_back(file);
  return files;
}

// Loads, uses and closes it once. Returns how many results were wrong.
std::uint64_t use_once(manager& modules, plugin& p) {
  const mappings before = mappings_of_this_process();
  const tenure::module m = modules.open(p.path);
  if (const auto more = brought(p, before); !more.empty()) p.brings = more;
  symbols functions(m);
  p.how = kind_of(p, functions);
  const std::unique_ptr<work> w = start(p, functions);
  std::uint64_t bad = 0;
  for (int i = 0; i != calls; ++i) bad += w->call();
  return bad;
}

std::string group_of(const tenure::failure& why) {
  if (why.code() == tenure::errc::undefined_symbol) return fmt::format("undefined symbol {}", why.missing());
  if (why.code() == tenure::errc::missing_dependency)
    return fmt::format("missing dependency {}", why.missing());
  return tenure::category().message(static_cast<int>(why.code()));
}

// What the child says, on one line each: verdict, kind, seconds; the files it brings; group; why.
std::string answer(verdict v, const plugin& p, double seconds, const std::string& group,
                   const std::string& why) {
  return fmt::format("{} {} {}\n{}\n{}\n{}", static_cast<int>(v), static_cast<int>(p.how), seconds,
                     fmt::join(p.brings, ":"), group, why);
}

std::string try_rounds(plugin p) {
  manager modules;
  std::uint64_t bad = 0;
  double slowest = 0;
  for (int i = 0; i != rounds; ++i) {
    spoil_free_memory();
    const std::clock_t begin = std::clock();
    bad += use_once(modules, p);
    slowest = std::max(slowest, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  if (bad != 0)
    return answer(verdict::left_out, p, slowest, "output not finite or not written",
                  fmt::format("{} values or pictures", bad));
  if (slowest > slowest_use)
    return answer(verdict::left_out, p, slowest, "too slow",
                  fmt::format("one use takes {:.2f} s of processor time", slowest));
  return answer(verdict::usable, p, slowest, "", "");
}

std::string try_in_child(const plugin& p) {
  try {
    return try_rounds(p);
  } catch (const tenure::error& e) {
    return answer(verdict::not_loadable, p, 0, group_of(e.why()), e.what());
  } catch (const std::exception& e) {
    return answer(verdict::left_out, p, 0, "refuses", e.what());
  }
}

void read_answer(const std::string& text, trial& t) {
  std::istringstream in(text);
  int what = 0, how = 0;
  std::string brings, file;
  in >> what >> how >> t.use_seconds;
  in.ignore(); // the line's end
  std::getline(in, brings);
  t.what = static_cast<verdict>(what);
  t.file.how = static_cast<kind>(how);
  std::istringstream files(brings);
  while (std::getline(files, file, ':')) t.file.brings.push_back(file);
  if (t.what == verdict::usable) return;
  std::getline(in, t.group);
  std::getline(in, t.why, '\0');
}

trial try_one(const plugin& p, const std::string& log) {
  trial t{p, verdict::left_out, "", "", 0};
  if (const char* why = known_bad(p)) {
    t.group = "known to be bad";
    t.why = why;
    return t;
  }
  const bench::child_result child = bench::run_child([&] { return try_in_child(p); }, patience, log, [] {});
  if (child.completed)
    read_answer(child.answer, t);
  else
    t.group = t.why = child.trouble;
  return t;
}

} // namespace

corpus try_plugins(const found_files& found, const std::string& log, bench::progress& bar) {
  corpus c;
  c.folders = found.folders;
  c.remark = found.remark;
  bar.begin("trying each plug-in", found.files.size());
  for (const plugin& p : found.files) {
    c.trials.push_back(try_one(p, log));
    bar.set(c.trials.size());
  }
  bar.end(fmt::format("{} of {} plug-ins can be used", usable(c).size(), found.files.size()));
  return c;
}

} // namespace session
