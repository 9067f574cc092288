#include "report_builder.hpp"

#include <cstring>
#include <new>
#include <utility>

namespace tenure::inline v1 {
namespace detail {

report_builder::report_builder() noexcept
    : data_(new (std::nothrow) report_data) {}
report_builder::~report_builder() { delete data_; }

std::size_t report_builder::count(unload_outcome outcome) const noexcept {
  std::size_t n = 0;
  if (data_ != nullptr)
    for (const unload_entry& e : data_->entries) n += e.outcome == outcome ? 1 : 0;
  return n;
}

unload_report report_builder::finish() noexcept {
  if (data_ != nullptr) look_at_files();
  if (data_ != nullptr && holders_are_tracked()) look_at_holders();
  return unload_report(std::exchange(data_, nullptr));
}

// A file may be replaced while nobody opens it: only the file system knows.
void report_builder::look_at_files() noexcept {
  for (std::size_t i = 0; i != data_->entries.size(); ++i) {
    unload_entry& entry = data_->entries[i];
    const os::file_identity loaded = data_->subjects[i].file;
    if (entry.outcome == unload_outcome::gone || loaded == os::file_identity{}) continue;
    try {
      if (os::was_replaced(entry.path, loaded)) entry.file_replaced = true;
    } catch (const std::bad_alloc&) {
      data_->complete = false;
    }
  }
}

void report_builder::look_at_holders() noexcept {
  for (std::size_t i = 0; i != data_->entries.size(); ++i) {
    unload_entry& entry = data_->entries[i];
    if (entry.outcome == unload_outcome::gone) continue;
    try {
      holder_data& found = data_->holders.emplace_front();
      collect_holders(*data_->subjects[i].record, data_->subjects[i].generation, found);
      entry.holders = {found.holders.data(), found.holders.size()};
    } catch (const std::bad_alloc&) {
      data_->complete = false;
    }
  }
}

unload_entry* report_builder::find(const module_record& r) noexcept {
  for (std::size_t i = 0; i != data_->entries.size(); ++i)
    if (data_->subjects[i].record == &r && data_->subjects[i].generation == r.generation)
      return &data_->entries[i];
  return nullptr;
}

void report_builder::add(const module_record& r, const unload_entry& entry) noexcept {
  if (data_ == nullptr) return;
  unload_entry* place = find(r);
  // That the pages were kept says more than that the module is idle again.
  if (place != nullptr && place->outcome == unload_outcome::kept && entry.outcome == unload_outcome::idle)
    return;
  try {
    unload_entry kept = entry;
    kept.path = data_->texts.emplace_front(entry.path).c_str();
    kept.detail = data_->texts.emplace_front(entry.detail).c_str();
    if (place == nullptr) {
      data_->subjects.push_back({&r, r.generation, r.file});
      place = &data_->entries.emplace_back();
    } else if (kept.took == duration{}) {
      kept.took = place->took; // of the close that the earlier word was about
    }
    *place = kept;
  } catch (const std::bad_alloc&) {
    if (place != nullptr) place->outcome = entry.outcome;
    data_->subjects.resize(data_->entries.size());
    data_->complete = false;
  }
}

namespace {

const char* detail_of(const unload_entry& e) noexcept {
  switch (e.outcome) {
  case unload_outcome::deferred:
    return "its code was on a thread's stack when it should have been closed";
  case unload_outcome::vetoed:
    return "its tenure_can_unload says no";
  case unload_outcome::pinned:
    return "a pin holds it";
  case unload_outcome::busy:
    return "references to it are alive";
  case unload_outcome::idle:
    return "the policy keeps it";
  case unload_outcome::lingering:
    return "closed, but the system keeps it mapped";
  default:
    return "";
  }
}

unload_outcome outcome_of(const module_record& r, std::uint32_t references) noexcept {
  if (r.is_static()) return unload_outcome::kept;
  if (r.state == phase::lingering) return unload_outcome::lingering;
  if (references != 0 || r.state != phase::open) return unload_outcome::busy;
  if (r.pins != 0) return unload_outcome::pinned;
  if (r.kept_by == keeper::waiting) return r.why_waiting;
  return r.vote() == unload_vote::no && r.asked_at > glance(r.used_at) ? unload_outcome::vetoed : unload_outcome::idle;
}

} // namespace

unload_entry describe_locked(const module_record& r) noexcept {
  unload_entry e;
  e.path = r.path();
  e.references = references_to(r);
  e.pins = r.is_static() ? 0 : r.pins;
  e.loads = r.loads;
  e.file_replaced = r.superseded();
  e.retry_wait = r.retry_wait;
  e.outcome = outcome_of(r, e.references);
  e.reason = r.reason;
  const bool told = e.outcome == unload_outcome::deferred || e.outcome == unload_outcome::vetoed ||
                    e.outcome == unload_outcome::lingering;
  e.detail = told && r.evidence != nullptr ? r.evidence : detail_of(e);
  if (e.outcome == unload_outcome::pinned || e.outcome == unload_outcome::busy)
    if (const char* const holders = name_holders_locked(r)) e.detail = holders;
  if (e.outcome == unload_outcome::busy && !r.cycle.empty() && e.references == r.cycle_references) e.detail = r.cycle.c_str();
  if (told) e.violation = r.violation;
  if (r.shut_down && e.outcome == unload_outcome::busy) e.detail = "it was shut down, but references to it are alive";
  return e;
}

} // namespace detail

const char* to_string(unload_outcome outcome) noexcept {
  constexpr const char* names[] = {"gone", "lingering", "deferred", "vetoed", "pinned",
                                   "busy", "idle",      "kept",     "failed"};
  return names[static_cast<std::size_t>(outcome)];
}

const char* to_string(linger_reason reason) noexcept {
  constexpr const char* names[] = {"none",      "nodelete_flag", "unique_symbol", "tls_destructor_pending",
                                   "needed_by", "bound_back",    "other_holder",  "loader_never_unloads",
                                   "unknown"};
  return names[static_cast<std::size_t>(reason)];
}

const unload_entry* unload_report::begin() const noexcept {
  return data_ ? data_->entries.data() : nullptr;
}
const unload_entry* unload_report::end() const noexcept {
  return data_ ? data_->entries.data() + data_->entries.size() : nullptr;
}
bool unload_report::complete() const noexcept { return data_ && data_->complete; }
void detail::free_report(report_data* data) noexcept { delete data; }

std::size_t unload_report::count(unload_outcome outcome) const noexcept {
  std::size_t n = 0;
  for (const unload_entry& e : *this) n += e.outcome == outcome ? 1 : 0;
  return n;
}

} // namespace tenure::inline v1
