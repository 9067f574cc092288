#include "targets.hpp"

#include <fmt/core.h>

#include <cstring>

namespace bench {
namespace {

enum class bound { at_most, at_least };

// Against nobody: an absolute figure. at_most: ours <= limit (x the other one's); at_least: as many times
// faster. A limit in nanoseconds was set on another machine, on which the other one, a floor, took `then`
// nanoseconds: here it stands for limit / then of what that floor takes now.
struct target {
  const char* id;
  const char* what;
  const char* question;
  const char* ours;
  const char* other_question; // null: the same
  const char* other;          // null: nobody
  bound kind;
  double limit;
  double then = 0; // 0: the limit is no such one
};

constexpr const char* deferred = "tenure, deferred_one";
constexpr const char* swept = "tenure, periodic_sweep";
constexpr const char* striped = "tenure, distributed";
constexpr const char* copy_2 = "copy, two threads";
constexpr const char* open_1 = "open, 1 module";
constexpr const char* open_2 = "open, 1 module, two threads";
constexpr const char* open_k = "open, 1,000 modules";
constexpr const char* held = "new, call, delete";
constexpr const char* no_checks = "tenure, immediate, no checks";
constexpr const char* locked = "locked add, subtract";
constexpr const char* plain = "plain add, subtract";
constexpr const char* counted = "hash, compare, count";
constexpr const char* held_counted = "new, call, delete, count";
constexpr const char* alone = "copy, process of one thread";
constexpr auto most = bound::at_most;
constexpr auto least = bound::at_least;

constexpr target targets[] = {
    {"P1", "copy and drop a handle; other threads exist", "copy", "tenure", nullptr, locked, most, 1.05},
    {"P1", "the same, the process has one thread", alone, "tenure", nullptr, plain, most, 1.3, 0.55},
    {"P1", "the same, count in stripes", "copy", striped, nullptr, locked, most, 2.4, 4.11},
    {"P2", "on two threads, count in stripes", copy_2, striped, "copy", striped, most, 1.15},
    {"P2", "the same, against std::shared_ptr", copy_2, striped, nullptr, "std::shared_ptr", least, 15},
    {"P3", "open what is loaded, 1 module", open_1, "tenure", nullptr, counted, most, 8, 9.3},
    {"P3", "the same, against GModule", open_1, "tenure", nullptr, "GModule", least, 5},
    {"P3", "the same, against dlopen", open_1, "tenure", nullptr, "dlopen", least, 40},
    {"P3", "open what is loaded, 1,000 modules", open_k, "tenure", open_1, counted, most, 15, 9.3},
    {"P3", "the same, against dlopen", open_k, "tenure", nullptr, "dlopen", least, 350},
    {"P3", "open what is loaded, count in stripes", open_1, striped, nullptr, counted, most, 8, 9.3},
    {"P3", "the same, against GModule", open_1, striped, nullptr, "GModule", least, 5},
    {"P3", "the same, against dlopen", open_1, striped, nullptr, "dlopen", least, 40},
    {"P3", "1,000 modules, count in stripes", open_k, striped, open_1, counted, most, 15, 9.3},
    {"P3", "the same, against dlopen", open_k, striped, nullptr, "dlopen", least, 350},
    {"P3", "on two threads, count in stripes", open_2, striped, open_1, striped, most, 1.3},
    {"P3", "allocations and locks in it", "open, 1 module, functions that allocate or lock", "tenure",
     nullptr, nullptr, most, 0},
    {"P4", "symbol, first time", "symbol, first time", "tenure", nullptr, "dlopen", most, 0.5},
    {"P4", "symbol again", "symbol again, one of 1,000", "tenure", nullptr, counted, most, 8, 8.1},
    {"P4", "symbol again, count in stripes", "symbol again, one of 1,000", striped, nullptr, counted, most, 8, 8.1},
    {"P4", "a static at the call's place", "symbol, a static of the call's place", "tenure", alone, plain, most,
     1.2, 0.55},
    {"P4", "symbol that is not there", "symbol not there", "tenure", nullptr, "dlopen", most, 0.2},
    {"P5", "call through a symbol, instructions", "call, instructions", "tenure", nullptr, "function pointer",
     most, 1},
    {"P6", "create, call, destroy; deferred_one", "object", deferred, nullptr, held_counted, most, 20, 18.8},
    {"P6", "the same, against held pointers", "object", deferred, nullptr, held, most, 1.3},
    {"P6", "the same, against raw load and unload", "object", deferred, nullptr, "dlopen", least, 1900},
    {"P6", "create, call, destroy; periodic_sweep", "object", swept, nullptr, held_counted, most, 20, 18.8},
    {"P6", "the same, against held pointers", "object", swept, nullptr, held, most, 1.3},
    {"P6", "create, call, destroy; count in stripes", "object", striped, nullptr, held_counted, most, 20, 18.8},
    {"P6", "the same, against held pointers", "object", striped, nullptr, held, most, 1.3},
    {"P6", "the same, against raw load and unload", "object", striped, nullptr, "dlopen", least, 1900},
    {"P6", "create, call, destroy; keep_warm", "object", "tenure, keep_warm", nullptr, held_counted, most, 20, 18.8},
    {"P6", "the same, against held pointers", "object", "tenure, keep_warm", nullptr, held, most, 1.3},
    {"P6", "two modules in turn; deferred<2>", "object, two modules in turn", "tenure, deferred<2>", "object",
     held_counted, most, 20, 18.8},
    {"P6", "two modules in turn; periodic_sweep", "object, two modules in turn", swept, "object", held_counted, most, 20, 18.8},
    {"P6", "two modules in turn; count in stripes", "object, two modules in turn", striped, "object", held_counted, most, 20, 18.8},
    {"P6", "create, call, destroy; immediate", "object", "tenure, immediate", nullptr, "dlopen", most, 1.03},
    {"P7", "load and unload, checks off", "load, tiny", no_checks, nullptr, "dlopen", most, 1.02},
    {"P7", "load and unload, checks on", "load, tiny", "tenure, immediate", nullptr, "dlopen", most, 1.12},
    {"P7", "one more beside 1,000, checks off", "load, 1,000 others loaded", no_checks, nullptr, "dlopen",
     most, 1.03},
    {"P8", "open beside a load each ms, p99.9", "open beside a load each ms, p99.9", "tenure", nullptr,
     nullptr, most, 1000},
    {"P8", "open beside loads without pause, p99.9", "open beside loads without pause, p99.9", "tenure",
     nullptr, nullptr, most, 1000},
    {"P8", "symbol beside a load each ms, p99.9", "symbol beside a load each ms, p99.9", "tenure", nullptr,
     nullptr, most, 1000},
    {"P8", "symbol beside loads without pause, p99.9", "symbol beside loads without pause, p99.9", "tenure",
     nullptr, nullptr, most, 1000},
    {"P9", "heap of a module, over the system's", "heap", "tenure", nullptr, nullptr, most, 256},
    {"P9", "sweep of 1,000 idle, nothing due", "sweep, nothing due", swept, nullptr, nullptr, most, 1000},
    {"P9", "the same, against a sweep of 100", "sweep, nothing due", swept, "sweep, nothing due of a tenth",
     swept, most, 1.5},
    {"P10", "headers of handles and symbols", "headers", "tenure, handles", nullptr, "empty file", most, 12},
    {"P10", "<tenure/tenure.hpp>, against Boost.DLL", "headers", "tenure", nullptr, "Boost.DLL", most, 0.35},
    {"P10", "code of a small program, shared", "code", "tenure", nullptr, nullptr, most, 2048},
    {"P10", "code of a small program, all static", "code", "tenure, all static", nullptr, nullptr, most,
     40960},
    {"P10", "static initialisers, all static", "static initialisers", "tenure, all static", nullptr, nullptr,
     most, 0},
    {"P11", "load of a module with our flags", "load, tiny", "tenure-plugin's flags", nullptr, "dlopen", most,
     0.75},
    {"P11", "the same, 1,000 relocations inside it", "load, 1,000 relocations", "tenure-plugin's flags",
     nullptr, "dlopen", most, 0.3},
};

std::string name_of_other(const target& t) {
  if (t.other_question != nullptr && std::strcmp(t.ours, t.other) == 0)
    return "its own " + std::string(t.other_question);
  return t.other;
}

std::string words(const target& t, const std::string& unit) {
  if (t.other == nullptr) return fmt::format("<= {} {}", t.limit, unit);
  if (t.then != 0)
    return fmt::format("<= {:.2f} x {} ({} of {} ns)", t.limit / t.then, t.other, t.limit, t.then);
  return t.kind == most ? fmt::format("<= {} x {}", t.limit, name_of_other(t))
                        : fmt::format("{} x less than {}", t.limit, name_of_other(t));
}

void compare_with(const measurement& other, const target& t, row& r) {
  const double limit = t.then != 0 ? t.limit / t.then : t.limit;
  const comparison c = t.kind == most ? compare(*r.ours, other) : compare(other, *r.ours);
  r.ratio = c.ratio;
  r.spread = c.spread;
  r.met = t.kind == most ? c.ratio <= limit : c.ratio >= limit;
}

row judge_one(const target& t, const measurements& all) {
  row r;
  r.id = t.id;
  r.what = t.what;
  r.question = t.question;
  r.ours = find(all, t.question, t.ours);
  r.peer = best(all, t.question, role::peer);
  r.floor = best(all, t.question, role::floor);
  r.raw = best(all, t.question, role::raw);
  r.target = words(t, r.ours != nullptr ? r.ours->unit : "");
  const char* const asked = t.other_question != nullptr ? t.other_question : t.question;
  const measurement* const other = t.other != nullptr ? find(all, asked, t.other) : nullptr;
  if (r.ours == nullptr || (t.other != nullptr && other == nullptr)) {
    r.missing = fmt::format("no figure of {}", r.ours == nullptr ? t.ours : t.other);
    return r;
  }
  if (other != nullptr) {
    compare_with(*other, t, r);
  } else {
    r.met = r.ours->median() <= t.limit;
    r.spread = r.ours->spread();
  }
  return r;
}

} // namespace

std::vector<row> judge(const measurements& all) {
  std::vector<row> rows;
  for (const target& t : targets) rows.push_back(judge_one(t, all));
  return rows;
}

} // namespace bench
