#include "static_tls.hpp"

namespace tenure::inline v1::detail {
namespace {

const module_record* find_later_locked(const registry& g, const module_record& r) noexcept {
  for (const module_record* other = g.records; other != nullptr; other = other->next_record) {
    const bool there = other->state == phase::open || other->state == phase::closing;
    if (there && other->image.static_tls && other->loaded_at > r.loaded_at) return other;
  }
  return nullptr;
}

} // namespace

departure_finding ask_static_tls(registry& g, const module_record& r) noexcept {
  departure_finding finding;
  if (!r.image.static_tls) return finding;
  const sync::scoped_lock lock(g.mutex);
  const module_record* const later = find_later_locked(g, r);
  if (later == nullptr) return finding;
  finding.tell("its static thread-local storage would be lost to the process: {}, which was loaded later "
               "and has some too, is to go first; build both without -ftls-model=initial-exec",
               later->path());
  return finding;
}

void note_static_tls_gone_locked(registry& g) noexcept {
  for (idle_module* m = g.waiting.front(); m != nullptr; m = idle_list::after(*m)) {
    module_record& r = full(*m);
    if (!r.image.static_tls || r.waits_for != 0) continue;
    r.retry_at = {};
    g.static_tls_freed = true;
  }
}

} // namespace tenure::inline v1::detail
