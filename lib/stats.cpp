// The counts of a manager: those that are kept, and those that a look at all modules gives.
#include "events.hpp"
#include "registry.hpp"

namespace tenure::inline v1::detail {
namespace {

void count_module_locked(const module_record& r, manager_stats& s) noexcept {
  ++s.resident;
  if (r.state == phase::lingering) ++s.lingering;
  if (references_to(r) != 0) {
    ++s.active;
  } else if (r.state == phase::open) {
    ++s.idle;
    if (r.kept_by == keeper::waiting) ++s.waiting;
  }
}

} // namespace

manager_stats registry::stats_locked() const noexcept {
  manager_stats s = stats;
  s.revives += quiet_revives_locked();
  count_events_locked(*this, s);
  for (const module_record* r = records; r != nullptr; r = r->next_record) {
    if (r->state == phase::absent) continue;
    count_module_locked(*r, s);
  }
  return s;
}

manager_stats stats_of(registry& g) noexcept {
  const sync::scoped_lock lock(g.mutex);
  return g.stats_locked();
}

} // namespace tenure::inline v1::detail
