// A case of misuse, and what is to become of it.
#ifndef TENURE_TEST_MISUSE_CASE_HPP
#define TENURE_TEST_MISUSE_CASE_HPP

#include "raw_way.hpp"
#include "tenure_way.hpp"

#include <vector>

namespace misuse {

// Written down before the run.
struct expectation {
  fate is = fate::survives;
  const char* message = "";  // is part of the error, the report or the last words
  const char* gap = nullptr; // the defence that is missing: this is what will be, not what is
  bool by_luck = false;      // without the defence only some machines and builds fall into the gap
};

// The same code for each way: a generic lambda without captures.
class body {
public:
  template <class Generic>
  body(Generic) // NOLINT(google-explicit-constructor): a row of a table is to read like one
      : raw_([](raw_way& way) { return Generic{}(way); })
      , tenure_([](tenure_way& way) { return Generic{}(way); }) {}
  verdict operator()(raw_way& way) const { return raw_(way); }
  verdict operator()(tenure_way& way) const { return tenure_(way); }

private:
  verdict (*raw_)(raw_way&);
  verdict (*tenure_)(tenure_way&);
};

// What is expected from a level of checks on, and what below it.
struct outlook {
  outlook(const expectation& always) // NOLINT(google-explicit-constructor): most rows say no more
      : then(always) {}
  outlook(level since, const expectation& from_there, const expectation& before)
      : then(from_there)
      , from(since)
      , below(before) {}
  [[nodiscard]] const expectation& at(level l) const { return l < from ? below : then; }

  expectation then;
  level from = level::none;
  expectation below{};
};

struct test_case {
  const char* id;
  const char* claim; // what happens
  body run;
  outlook expected;
  bool may_hang = false;
};

using case_table = std::vector<test_case>;
case_table object_cases();
case_table kept_cases();
case_table exception_cases();
case_table thread_cases();
case_table process_cases();
case_table handle_cases();
case_table exit_cases();
case_table fork_cases();
case_table file_cases();
case_table initialiser_cases();
case_table unload_cases();
case_table input_cases();
case_table symbol_cases();
case_table damage_cases();
case_table all_cases();

// How the rows say what they expect.
inline expectation survives(const char* message = "") { return {fate::survives, message}; }
inline expectation refuses(const char* message) { return {fate::refuses, message}; }
inline expectation defers(const char* message = "") { return {fate::defers, message}; }
inline expectation lingers(const char* reason) { return {fate::lingers, reason}; }
inline expectation dies(const char* message = "") { return {fate::dies, message}; }
inline expectation faults() { return {fate::faults, "was unloaded"}; }
inline expectation known_gap(const char* defence, expectation e) {
  e.gap = defence;
  return e;
}

inline expectation known_gap_by_luck(const char* defence, expectation e) {
  e.by_luck = true;
  return known_gap(defence, e);
}

// A stale use that no check has prevented: a fault that names the module, not a call of whoever lies there
// now.
inline expectation stale_use() { return faults(); }

// Who sees that a module is still needed, and lets its close wait.
inline outlook own_stack_sees() { return {level::own_stack, defers(), stale_use()}; }
inline outlook hooks_tell() { return {level::own_stack, defers(), stale_use()}; }
inline outlook threads_see(const expectation& below = stale_use()) {
  return {level::threads, defers(), below};
}
inline outlook references_see() { return {level::strict, defers(), stale_use()}; }
inline outlook if_strict(const expectation& then, const expectation& below) {
  return {level::strict, then, below};
}

// The bare address of a symbol: the host keeps it, and nothing keeps the module.
template <class F, class Module> F* address_of(const Module& module, const char* name) {
  return module.template symbol<F>(name).get();
}

// What its function answers. Not inlined: a register of the case's own frame would keep the address.
template <class Module> [[gnu::noinline]] int answer_of(const Module& module) {
  return address_of<int()>(module, "answer")();
}

// The verdict on an open that must not succeed.
template <class Way> verdict open_and_close(Way& way, const std::string& path) {
  const auto module = way.open(path);
  return {fate::lies, "opened it"};
}

} // namespace misuse

#endif
