// Collects the entries of a report while modules are closed.
#ifndef TENURE_LIB_REPORT_BUILDER_HPP
#define TENURE_LIB_REPORT_BUILDER_HPP

#include "record.hpp"

#include <tenure/report.hpp>

#include <deque>
#include <string>
#include <vector>

namespace tenure::inline v1::detail {

struct report_data {
  std::vector<unload_entry> entries;
  std::deque<std::string> texts; // what the entries point at; a deque does not move them
  bool complete = true;
};

struct report_builder {
  report_builder() noexcept;
  report_builder(const report_builder&) = delete;
  report_builder& operator=(const report_builder&) = delete;
  ~report_builder();

  // Never throws: an entry that finds no memory makes the report incomplete. The later word on a module
  // replaces the earlier one.
  void add(const unload_entry& entry) noexcept;
  [[nodiscard]] unload_report finish() noexcept;

private:
  report_data* data_; // null where memory was refused
};

// What is known of a record without asking anybody. Needs the registry's mutex.
[[nodiscard]] unload_entry describe_locked(const module_record& r) noexcept;

} // namespace tenure::inline v1::detail

#endif
