// What becomes of a registry in a child of fork(), in which only the forking thread lives on.
#include "calls.hpp"
#include "events.hpp"
#include "registry.hpp"

#include <new>
#include <utility>

namespace tenure::inline v1::detail {

void registry::hold_for_fork(void* self) noexcept { static_cast<registry*>(self)->mutex.lock(); }
void registry::go_on_in_parent(void* self) noexcept { static_cast<registry*>(self)->mutex.unlock(); }

// The mutex is this thread's. The conditions may have had waiters that are not here, so they are made anew where
// they lie; their destructors would wait for those.
void registry::go_on_in_child(void* self) noexcept {
  auto& g = *static_cast<registry*>(self);
  ::new (static_cast<void*>(&g.changed)) sync::condition;
  ::new (static_cast<void*>(&g.deferred)) sync::condition;
  g.forget_other_threads_locked();
  forget_other_tellers_locked(g);
  g.mutex.unlock();
}

// Nobody will return into a module on a stack that is not here, and nobody will finish a load or a close:
// what such a module has done so far nobody knows, so it stays mapped and is not looked for again.
void registry::forget_other_threads_locked() noexcept {
  const sync::thread_id me = sync::this_thread_id();
  for (module_record* r = records; r != nullptr; r = r->next_record) {
    publish(r->gate, (look(r->gate) & shut_bit) | calls_of_this_thread(*r)); // nobody else's will return
    const bool others = std::exchange(r->worker, r->worker != 0 ? me : 0) != me;
    if (!others || (r->state != phase::loading && r->state != phase::closing)) continue;
    r->state = phase::lingering; // mapped: what its code was given stays valid
    publish(r->refs, 0); // references of its own initialiser, on a stack that is not here
    if (r->stripe != 0) r->settled = balance_of(r->stripe); // no other thread is here that could be counting
    forget_locked(*r);
    static_cast<void>(unshare(holders)); // never the last share: the manager's is there, or another module's
  }
}

} // namespace tenure::inline v1::detail
