#include "calls.hpp"

#include "registry.hpp"

namespace tenure::inline v1::detail {
namespace {

using calls_into = sync::thread_state::calls_into;

calls_into* find_calls(const record* of) noexcept {
  for (calls_into& c : sync::this_thread().inside)
    if (c.module == of) return &c;
  return nullptr;
}

void note_call(const record& r) noexcept {
  calls_into* place = find_calls(&r);
  if (place == nullptr) place = find_calls(nullptr);
  if (place == nullptr) return;
  place->module = &r;
  ++place->n;
}

void note_return(const record& r) noexcept {
  calls_into* const place = find_calls(&r);
  if (place != nullptr && --place->n == 0) place->module = nullptr;
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
  const calls_into* const place = find_calls(&r);
  return place != nullptr ? place->n : 0;
}

bool is_shut(record& r, failure& why) noexcept {
  if ((look(r.gate) & shut_bit) == 0 || calls_of_this_thread(r) != 0) return false;
  tell_shut_down(r, why);
  return static_cast<bool>(why); // else the shutdown was refused meanwhile
}

bool enter_call(record& r, failure& why) noexcept {
  while ((enter_gate(r.gate) & shut_bit) != 0 && calls_of_this_thread(r) == 0) {
    if ((leave_gate(r.gate) & shut_bit) != 0) wake_shutdown(r);
    tell_shut_down(r, why);
    if (why) return false; // else the shutdown was refused meanwhile
  }
  note_call(r);
  return true;
}

void leave_call(record& r) noexcept {
  note_return(r);
  if ((leave_gate(r.gate) & shut_bit) != 0) wake_shutdown(r);
}

} // namespace tenure::inline v1::detail
