#include "plugin_host.hpp"

#include "calls.hpp"
#include "holder_notes.hpp"
#include "left_behind.hpp"
#include "module_thread.hpp"
#include "registry.hpp"

#include <type_traits>
#include <utility>

namespace tenure::inline v1::detail {
namespace {

module_record* occupant(const tenure_host* host) noexcept {
  static_assert(std::is_standard_layout_v<host_seat>); // the table is its first member
  return read_published(reinterpret_cast<const host_seat*>(host)->who);
}

// One reference for the module's own code. Never waits: whoever closes it may wait for this very thread.
bool hold_from_inside(module_record& r) noexcept {
  registry& g = *r.owner;
  if (seems_shut(r)) return false; // what was begun before holds already
  if (try_share_striped(r)) return true;
  bool revived = false;
  if (try_acquire(r.refs, revived)) {
    if (revived) note_revive(r);
    return true;
  }
  const sync::scoped_lock lock(g.mutex);
  if (r.state == phase::loading)
    acquire(r.refs); // counted, but not open: as for its own initialiser
  else if (r.state != phase::open || (r.shut_down && calls_of_this_thread(r) == 0))
    return false;
  else if (r.shut_down)
    acquire(r.refs); // of a call in flight, which may finish and holds it already
  else
    g.acquire_locked(r);
  return true;
}

// The last reference went while the module's code is on this thread's stack: no other thread may close it,
// whatever the policy, before this one has left it.
void let_go_inside(module_record& r) noexcept {
  registry& g = *r.owner;
  const sync::scoped_lock lock(g.mutex);
  const word before = clear_flags(r.refs, pending_bit);
  if (count_of(before) != 0 || r.state != phase::open) return;
  jot(r.used_at, g.next_tick_locked());
  r.worker = sync::this_thread_id();
  r.worker_number = os::this_thread_number();
  g.wait_for_own_code_locked(r);
}

// Whether it is the last reference is seen later, by a sweep: that one has to know whose stack it was.
void drop_in_stripe_inside(module_record& r) noexcept {
  const sync::scoped_lock lock(r.owner->mutex);
  r.let_go_by = sync::this_thread_id();
  r.let_go_number = os::this_thread_number();
  drop_in_stripe(r.stripe);
}

bool is_retired(registry& g) noexcept {
  const sync::scoped_lock lock(g.mutex);
  return g.policy == nullptr;
}

// All references of the module's own code in one: it has no place of ours, and drops any of them.
holder_key key_of(const tenure_host* host) noexcept { return {host, 1}; }

tenure_answer hold(const tenure_host* host) {
  module_record* const r = occupant(host);
  if (r == nullptr || !hold_from_inside(*r)) return TENURE_NO;
  note_hold(key_of(host), *r, holder_kind::own_code, nullptr);
  return TENURE_YES;
}

void drop(const tenure_host* host) {
  module_record* const r = occupant(host);
  if (r != nullptr) forget_hold(key_of(host));
  if (r != nullptr && r->stripe != 0) return drop_in_stripe_inside(*r);
  if (r == nullptr || !is_last(release(r->refs))) return;
  const registry_hold alive(*r->owner); // a module whose last releaser is under way is not closed
  let_go_inside(*r);
  if (is_retired(*r->owner)) leave_to_this_thread(*r->owner);
}

tenure_answer run_thread(const tenure_host* host, void (*body)(void*), void* argument) {
  module_record* const r = occupant(host);
  if (r == nullptr || !hold_from_inside(*r)) return TENURE_NO;
  failure ignored; // there is no memory or no thread: the module is told no
  if (start_detached(*r, body, argument, ignored)) return TENURE_YES;
  drop(host);
  return TENURE_NO;
}

} // namespace

std::unique_ptr<host_seat> make_seat() {
  constexpr std::uint32_t size = sizeof(tenure_host);
  std::unique_ptr<host_seat> made(
      new host_seat{{TENURE_PLUGIN_API_VERSION, size, hold, drop, run_thread, nullptr}, nullptr});
  made->table.link = &made->link;
  return made;
}

host_seat& take_seat_locked(module_record& r, std::unique_ptr<host_seat> fresh) noexcept {
  if (r.seat == nullptr) r.seat = fresh.release();
  publish_value(r.seat->who, &r);
  return *r.seat;
}

namespace {
// Seats of modules that are mapped and unknown to any manager: no registry outlives them. Only ever grows.
constinit word abandoned_seats = 0;
} // namespace

void end_seat(host_seat* seat, bool unmapped) noexcept {
  if (unmapped || seat == nullptr) {
    delete seat;
    return;
  }
  word first = look(abandoned_seats);
  do seat->next_abandoned = reinterpret_cast<host_seat*>(static_cast<std::uintptr_t>(first));
  while (!replace(abandoned_seats, first, reinterpret_cast<std::uintptr_t>(seat)));
}

host_seat* vacate_seat_locked(module_record& r) noexcept {
  if (r.seat != nullptr) publish_value(r.seat->who, static_cast<module_record*>(nullptr));
  return std::exchange(r.seat, nullptr);
}

} // namespace tenure::inline v1::detail
