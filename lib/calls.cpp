#include "calls.hpp"

#include "failure_access.hpp"
#include "registry.hpp"

#include <new>

namespace tenure::inline v1::detail {
namespace {

using calls_into = sync::thread_state::calls_into;
using calls_deeper = sync::thread_state::calls_deeper;

calls_into* find_place(const record* of) noexcept {
  for (calls_into& c : sync::this_thread().inside)
    if (c.module == of) return &c;
  return nullptr;
}

calls_into* find_calls(const record& of) noexcept {
  calls_into* const place = find_place(&of);
  if (place != nullptr) return place;
  for (calls_deeper* d = sync::this_thread().deeper; d != nullptr; d = d->next)
    if (d->calls.module == &of) return &d->calls;
  return nullptr;
}

// Without memory for it the call is not noted: a shutdown from inside it waits for its deadline.
calls_into* make_place() noexcept {
  calls_deeper*& first = sync::this_thread().deeper;
  auto* const made = new (std::nothrow) calls_deeper{first, {}};
  if (made == nullptr) return nullptr;
  first = made;
  return &made->calls;
}

void note_call(const record& r) noexcept {
  calls_into* place = find_calls(r);
  if (place == nullptr) place = find_place(nullptr);
  if (place == nullptr) place = make_place();
  if (place == nullptr) return;
  place->module = &r;
  ++place->n;
}

// Those of the heap go when they are empty.
void drop_empty_places() noexcept {
  for (calls_deeper** at = &sync::this_thread().deeper; *at != nullptr;) {
    calls_deeper* const d = *at;
    if (d->calls.n != 0) {
      at = &d->next;
      continue;
    }
    *at = d->next;
    delete d;
  }
}

void note_return(const record& r) noexcept {
  calls_into* const place = find_calls(r);
  if (place == nullptr || --place->n != 0) return;
  place->module = nullptr;
  drop_empty_places();
}

// Whoever waits looks at the gate with the mutex held, so the wake-up cannot come between its look and its
// wait.
void wake_shutdown(record& r) noexcept {
  const sync::scoped_lock lock(r.owner->mutex);
  r.owner->changed.notify_all();
}

void tell_shut_down(record& r, failure& why) noexcept {
  const sync::scoped_lock lock(r.owner->mutex);
  why = full(r).shut_down;
}

} // namespace

std::uint32_t calls_of_this_thread(const record& r) noexcept {
  const calls_into* const place = find_calls(r);
  return place != nullptr ? place->n : 0;
}

bool seems_shut(const record& r) noexcept {
  return (look(r.gate) & shut_bit) != 0 && calls_of_this_thread(r) == 0;
}

bool is_shut(record& r, failure& why) noexcept {
  if (!seems_shut(r)) return false;
  tell_shut_down(r, why);
  return static_cast<bool>(why); // else the shutdown was refused meanwhile
}

bool begin_call(record& r, failure& why) noexcept {
  while ((enter_gate(r.gate) & shut_bit) != 0 && calls_of_this_thread(r) == 0) {
    if ((leave_gate(r.gate) & shut_bit) != 0) wake_shutdown(r);
    tell_shut_down(r, why);
    if (why) return false; // else the shutdown was refused meanwhile
  }
  return true;
}

void take_over_call(record& r) noexcept { note_call(r); }

void end_call(record& r) noexcept {
  if ((leave_gate(r.gate) & shut_bit) != 0) wake_shutdown(r);
}

bool enter_call(record& r, failure& why) noexcept {
  if (!begin_call(r, why)) return false;
  note_call(r);
  return true;
}

void leave_call(record& r) noexcept {
  note_return(r);
  end_call(r);
}

// --- what whoever comes after a shutdown, or an unload, is told ---

// Who, when and where, and what to do now.
void registry::tell_shut_down_locked(const module_record& r, failure& why) noexcept {
  if (count_of(look(r.refs)) != 0 || r.state != phase::open)
    why = r.shut_down;
  else if (r.pins != 0)
    set_advice(why, r.shut_down, "return the pins and locks that are left; then it can be opened again");
  else
    set_advice(why, r.shut_down,
               "a thread may still be in its code: a sweep or an open on that thread, once it has left it, "
               "closes it; then it can be opened again");
}

void explain_weak(record* r, std::uint64_t generation, failure& why) noexcept {
  if (r == nullptr) return set_failure(why, errc::empty_handle, "", "a weak handle");
  const sync::scoped_lock lock(r->owner->mutex);
  const bool same = r->generation == generation;
  if (same && full(*r).shut_down) return registry::tell_shut_down_locked(full(*r), why);
  set_failure(why, errc::not_loaded, same ? full(*r).path() : "", "it has been unloaded since");
}

} // namespace tenure::inline v1::detail
