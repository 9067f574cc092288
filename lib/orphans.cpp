#include "orphans.hpp"

#include "events.hpp"
#include "gated_lock.hpp"
#include "left_behind.hpp"

#include <utility>

namespace tenure::inline v1::detail {
namespace {

struct orphan_list;
sync::mutex& orphans_mutex() noexcept { return sync::process_mutex<orphan_list>(); }
registry* orphans = nullptr; // with the mutex; each of them has one share

// What is pinned, or waits, may come into use again by a weak handle.
bool has_modules(registry& g) noexcept {
  const sync::scoped_lock lock(g.mutex);
  for (const module_record* r = g.records; r != nullptr; r = r->next_record)
    if (r->state != phase::absent) return true;
  return false;
}

void close_unused(registry& g) noexcept {
  closing_chain chain("after the end of its manager", g.check);
  {
    const sync::scoped_lock lock(g.mutex);
    idle_list victims;
    g.settle_unused_locked(victims);
    g.claim_locked(victims, chain);
  }
  g.close_chain(chain, nullptr);
  leave_to_this_thread(g);
  tell_events(g);
}

} // namespace

void leave_orphan(registry& g) noexcept {
  if (!has_modules(g)) return;
  g.keep();
  const gated_lock lock(orphans_mutex());
  g.next_orphan = std::exchange(orphans, &g);
}

void close_orphans() noexcept {
  registry* g = nullptr;
  {
    const gated_lock lock(orphans_mutex());
    g = std::exchange(orphans, nullptr);
  }
  while (g != nullptr) {
    registry* const next = std::exchange(g->next_orphan, nullptr);
    close_unused(*g);
    leave_orphan(*g);
    registry::let_go(*g);
    g = next;
  }
}

} // namespace tenure::inline v1::detail
