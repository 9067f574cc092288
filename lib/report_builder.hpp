// Collects the entries of a report while modules are closed.
#ifndef TENURE_LIB_REPORT_BUILDER_HPP
#define TENURE_LIB_REPORT_BUILDER_HPP

#include "holder_notes.hpp"
#include "record.hpp"

#include <tenure/report.hpp>

#include <forward_list>
#include <string>
#include <vector>

namespace tenure::inline v1::detail {

struct report_data {
  struct subject { // which module an entry is about: two may have one path
    const module_record* record;
    std::uint64_t generation;
    os::file_identity file;
  };
  std::vector<unload_entry> entries;
  std::vector<subject> subjects; // of the entry at the same index
  std::forward_list<std::string> texts; // what the entries point at; not moved, and no allocation while empty
  std::forward_list<holder_data> holders; // what the entries point at
  bool complete = true;
};

struct report_builder {
  report_builder() noexcept;
  report_builder(const report_builder&) = delete;
  report_builder& operator=(const report_builder&) = delete;
  ~report_builder();

  // Never throws: an entry that finds no memory makes the report incomplete. The later word on a module
  // replaces the earlier one. Needs the registry's mutex.
  void add(const module_record& r, const unload_entry& entry) noexcept;
  [[nodiscard]] std::size_t count(unload_outcome outcome) const noexcept;
  // Looks at the files and at the holders: without the mutex.
  [[nodiscard]] unload_report finish() noexcept;

private:
  void look_at_files() noexcept;
  void look_at_holders() noexcept;
  unload_entry* find(const module_record& r) noexcept;

  report_data* data_; // null where memory was refused
};

// What is known of a record without asking anybody. Needs the registry's mutex.
[[nodiscard]] unload_entry describe_locked(const module_record& r) noexcept;

} // namespace tenure::inline v1::detail

#endif
