#include "registry.hpp"
#include "report_builder.hpp"

#include <tenure/module_list.hpp>

#include <algorithm>
#include <cstring>
#include <forward_list>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace tenure::inline v1 {
namespace detail {

struct module_list_data {
  struct subject { // of the module at the same index, until they are sorted
    const module_record* record;
    std::uint64_t generation;
  };
  std::vector<module_info> modules;
  std::vector<subject> subjects;
  std::forward_list<holder_data> holders;
  std::forward_list<std::string> texts; // what these point at
  manager_stats stats;
  time_point at;
  bool complete = true;

  const char* keep(const char* words) { return *words != '\0' ? texts.emplace_front(words).c_str() : ""; }
};

namespace {

module_state state_of(const module_record& r, std::uint32_t references) noexcept {
  switch (r.state) {
  case phase::loading:
    return module_state::loading;
  case phase::closing:
    return module_state::closing;
  case phase::lingering:
    return module_state::lingering;
  default:
    return references != 0 ? module_state::active : module_state::idle;
  }
}

// A parked module that was used without the mutex: when it was idle again nobody knows.
time_point idle_since(const module_record& r) noexcept {
  const bool known = r.kept_by == keeper::policy || r.kept_by == keeper::waiting;
  if (!known || (look(r.refs) & touched_bit) != 0) return never;
  return r.idle_since() != time_point{} ? r.idle_since() : never;
}

// One look at the count for all that depends on it.
module_info describe_one_locked(const module_record& r, module_list_data& list) {
  const unload_entry e = describe_locked(r);
  module_info m;
  m.path = list.keep(e.path);
  m.name = last_part(m.path);
  m.detail = list.keep(e.detail);
  if (const char* const holders = name_holders_locked(r)) m.holders = list.keep(holders);
  m.references = e.references;
  m.state = state_of(r, e.references);
  m.outcome = e.outcome;
  m.reason = e.reason;
  m.is_static = r.is_static();
  m.file_replaced = e.file_replaced;
  m.pins = e.pins;
  if (m.state != module_state::loading) m.life = r.load_number;
  if (m.state == module_state::idle) m.idle_since = idle_since(r);
  m.load_time = r.load_time();
  m.address = reinterpret_cast<const void*>(r.image.whole.begin);
  m.bytes = r.image.whole.size();
  return m;
}

void collect_locked(const registry& g, module_list_data& list) {
  list.stats = g.stats_locked();
  list.at = g.now();
  for (const module_record* r = g.records; r != nullptr; r = r->next_record) {
    if (r->state == phase::absent) continue;
    list.modules.push_back(describe_one_locked(*r, list));
    list.subjects.push_back({r, r->generation});
  }
}

// Without the mutex: the table of holders has locks of its own.
void collect_tracked(module_list_data& list) {
  for (std::size_t i = 0; i != list.subjects.size(); ++i) {
    holder_data& found = list.holders.emplace_front();
    collect_holders(*list.subjects[i].record, list.subjects[i].generation, found);
    list.complete = list.complete && found.complete;
    list.modules[i].held_by = {found.holders.data(), found.holders.size()};
  }
}

} // namespace

module_list modules_of(registry& g) noexcept {
  auto* const list = new (std::nothrow) module_list_data;
  if (list == nullptr) return {};
  try {
    {
      const sync::scoped_lock lock(g.mutex);
      collect_locked(g, *list);
    }
    if (holders_are_tracked()) collect_tracked(*list);
  } catch (const std::bad_alloc&) {
    list->complete = false;
  }
  std::sort(list->modules.begin(), list->modules.end(),
            [](const module_info& a, const module_info& b) { return a.life < b.life; });
  return module_list(list);
}

} // namespace detail

const char* to_string(module_state state) noexcept {
  constexpr const char* names[] = {"loading", "active", "idle", "closing", "lingering"};
  return names[static_cast<std::size_t>(state)];
}

const module_info* module_list::begin() const noexcept {
  return data_ ? data_->modules.data() : nullptr;
}
const module_info* module_list::end() const noexcept {
  return data_ ? data_->modules.data() + data_->modules.size() : nullptr;
}
manager_stats module_list::stats() const noexcept {
  return data_ ? data_->stats : manager_stats{};
}
time_point module_list::at() const noexcept { return data_ ? data_->at : time_point{}; }
bool module_list::complete() const noexcept { return data_ && data_->complete; }
void detail::free_modules(module_list_data* data) noexcept { delete data; }

} // namespace tenure::inline v1
