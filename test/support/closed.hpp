// What a test may expect of a module that was closed. Where the system's loader never unmaps (musl) it
// lingers, the report says for which reason, no finaliser has run, and the next open runs no initialiser.
#ifndef TENURE_TEST_CLOSED_HPP
#define TENURE_TEST_CLOSED_HPP

#include "os/why_mapped.hpp"
#include "support/mapped.hpp"

#include <tenure/report.hpp>

#include <algorithm>
#include <string>

namespace tenure_test {

using tenure::os::loader_unmaps; // the port's own word, which a test of the port compares with the system

inline tenure::unload_outcome closed_outcome() {
  return loader_unmaps() ? tenure::unload_outcome::gone : tenure::unload_outcome::lingering;
}

// The same in words, as outcome_of() has them.
inline const std::string closed = tenure::to_string(closed_outcome());

// Why a closed module that would stay for `reason` elsewhere is still mapped here.
inline tenure::linger_reason expected_reason(tenure::linger_reason reason) {
  return loader_unmaps() ? reason : tenure::linger_reason::loader_never_unloads;
}

// How many images of `n` closed modules are still in the process.
inline int left_behind(int n) { return loader_unmaps() ? 0 : n; }
// How often a module's initialisers have run in `n` lives.
inline int initialisations(int n) { return loader_unmaps() || n == 0 ? n : 1; }

inline bool is_closed(const tenure::unload_entry& e) {
  return e.outcome == closed_outcome() && e.reason == expected_reason(tenure::linger_reason::none);
}

// True if all that the report lists was closed: all_gone(), where a loader unmaps. True of a manager's
// report() if nothing is loaded.
template <class Report> bool all_closed(const Report& report) {
  return report.complete() && report.all_gone() == (loader_unmaps() || report.empty()) &&
         std::all_of(report.begin(), report.end(), is_closed);
}

// How many modules of a report were not closed.
template <class Report> std::size_t count_loaded(const Report& report) {
  return report.size() - report.count(closed_outcome());
}

template <class Report> const tenure::unload_entry* entry_of(const Report& report, const std::string& file) {
  for (const tenure::unload_entry& e : report)
    if (file == e.path) return &e;
  return nullptr;
}

// What the report says of a file; fails loudly if it says nothing.
template <class Report> std::string outcome_of(const Report& report, const std::string& file) {
  const tenure::unload_entry* const e = entry_of(report, file);
  return e != nullptr ? tenure::to_string(e->outcome) : "not in the report";
}

// True if the manager has not closed the module. The system is asked; where it keeps everything, the report.
template <class Manager> bool is_loaded(const Manager& modules, const std::string& file) {
  if (loader_unmaps() || !is_mapped(file)) return is_mapped(file);
  const auto report = modules.report();
  const tenure::unload_entry* const e = entry_of(report, file);
  return e != nullptr && e->outcome != tenure::unload_outcome::lingering;
}

// True if nothing is left of a module whose manager may be gone too, or all that this loader leaves.
inline bool is_gone(const std::string& file) { return is_mapped(file) != loader_unmaps(); }

} // namespace tenure_test

#endif
