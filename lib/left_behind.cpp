#include "left_behind.hpp"

#include "gated_lock.hpp"
#include "opening.hpp"
#include "registry.hpp"
#include "sync.hpp"

#include <new>
#include <utility>

namespace tenure::inline v1::detail {
namespace {

// Guards the list. A leaf.
sync::mutex& list_mutex() noexcept { return sync::process_mutex<left_reference>(); }
constinit left_reference* list =
    nullptr; // published, so that an open need not lock to see that there is none

left_reference* take_one(void* handle) noexcept {
  const sync::scoped_lock lock(list_mutex());
  left_reference* before = nullptr;
  for (left_reference* at = list; at != nullptr; before = at, at = at->next) {
    if (at->handle != handle) continue;
    if (before != nullptr)
      before->next = at->next;
    else
      publish_value(list, at->next);
    return at;
  }
  return nullptr;
}

dependency*& end_of(dependency*& edges) noexcept {
  dependency** end = &edges;
  while (*end != nullptr) end = &(*end)->next;
  return *end;
}

// --- registries ---

// Guards the list, and of each registry in it what says so.
// Lock order. As gated_lock says; then registry's mutex, then the list of references.
sync::mutex& leftovers_mutex() noexcept { return sync::process_mutex<registry>(); }
constinit registry* leftovers = nullptr; // published as the other list; each with a share
std::uint64_t rounds = 0;

bool has_waiting(registry& g) noexcept {
  const sync::scoped_lock lock(g.mutex);
  return !g.waiting.empty();
}

// False if it has to stay. The caller lets go of the list's share.
bool take_out_if_done_locked(registry& g) noexcept {
  if (g.left_to == 0 || has_waiting(g)) return false;
  registry** at = &leftovers;
  while (*at != &g) at = &(*at)->next_leftover;
  publish_value(*at, g.next_leftover);
  g.left_to = 0;
  return true;
}

void take_out_if_done(registry& g) noexcept {
  bool done = false;
  {
    const gated_lock lock(leftovers_mutex());
    done = take_out_if_done_locked(g);
  }
  if (done) registry::let_go(g);
}

// The next registry of a round, with a share for the caller; null at the end. `of`: 0 for any thread's.
registry* next_leftover(std::uint64_t round, sync::thread_id of) noexcept {
  const gated_lock lock(leftovers_mutex());
  for (registry* g = leftovers; g != nullptr; g = g->next_leftover) {
    if (g->left_round >= round || (of != 0 && g->left_to != of)) continue;
    g->left_round = round;
    g->keep();
    return g;
  }
  return nullptr;
}

template <class Do> void each_leftover(sync::thread_id of, Do&& act) noexcept {
  if (read_published(leftovers) == nullptr) return;
  std::uint64_t round;
  {
    const gated_lock lock(leftovers_mutex());
    round = ++rounds;
  }
  while (registry* const g = next_leftover(round, of)) {
    act(*g);
    take_out_if_done(*g);
    registry::let_go(*g);
  }
}

// Nobody's stack is in the way, as far as was known: what waits for a yes, or for a thread that has ended.
bool may_be_handed_over(const module_record& r) noexcept {
  if (r.being_asked) return false;
  return r.why_waiting != unload_outcome::deferred || (r.waits_for != 0 && os::thread_has_ended(r.waits_for));
}

module_record* find_waiting_locked(registry& g, void* handle) noexcept {
  for (idle_module* m = g.waiting.front(); m != nullptr; m = idle_list::after(*m))
    if (full(*m).handle == handle) return &full(*m);
  return nullptr;
}

// Leaves the module behind, and with it a share of itself; what any thread may try to close is tried.
void hand_over(registry& g, void* handle) noexcept {
  std::unique_ptr<left_reference> place(new (std::nothrow) left_reference);
  {
    const sync::scoped_lock lock(g.mutex);
    module_record* const r = find_waiting_locked(g, handle);
    if (r == nullptr) return;
    if (place != nullptr && may_be_handed_over(*r)) {
      g.waiting.remove(*r);
      r->kept_by = keeper::nobody;
      publish(r->refs, 0);
      leave_behind_locked(std::move(place), *r);
      return;
    }
  }
  g.safe_point();
}

} // namespace

void leave_behind_locked(std::unique_ptr<left_reference> place, module_record& r) noexcept {
  left_reference* const left = place.release();
  left->handle = r.handle;
  left->needs = std::exchange(r.needs, nullptr);
  {
    const sync::scoped_lock lock(list_mutex());
    left->next = list;
    publish_value(list, left);
  }
  registry& g = *r.owner;
  r.state = phase::lingering; // what its code was given stays valid
  g.forget_locked(r);
  registry::let_go(g);
}

void take_back(module_record& r) noexcept {
  each_leftover(0, [&](registry& g) {
    if (&g != r.owner) hand_over(g, r.handle);
  });
  if (read_published(list) == nullptr) return;
  while (const left_reference* const taken = take_one(r.handle)) {
    system_close(taken->handle);
    {
      const sync::scoped_lock lock(r.owner->mutex);
      end_of(r.needs) = taken->needs;
    }
    delete taken;
  }
}

void leave_to_this_thread(registry& g) noexcept {
  if (!has_waiting(g)) return;
  const gated_lock lock(leftovers_mutex());
  if (std::exchange(g.left_to, sync::this_thread_id()) != 0) return; // listed already
  g.keep();
  g.next_leftover = leftovers;
  publish_value(leftovers, &g);
}

void try_leftovers() noexcept {
  each_leftover(sync::this_thread_id(), [](registry& g) { g.safe_point(); });
}

namespace {
constinit word abandoned = 0; // the first of them; only ever grows
} // namespace

void abandon(dependency* edges) noexcept {
  if (edges == nullptr) return;
  word first = look(abandoned);
  dependency*& end = end_of(edges);
  do end = reinterpret_cast<dependency*>(static_cast<std::uintptr_t>(first));
  while (!replace(abandoned, first, reinterpret_cast<std::uintptr_t>(edges)));
}

} // namespace tenure::inline v1::detail
