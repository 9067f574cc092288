// What a plug-in is told, and may say, between its load and its first handle: the part of an open that runs
// code of the module which is no initialiser.
#include "failure_access.hpp"
#include "opening.hpp"

#include <new>
#include <utility>

namespace tenure::inline v1::detail {

// What the module exports for us. False if it must not be used; `why_` says so. Called right after its load.
bool opening::look_at_side(loaded& seen) {
  const loader_turn turn(turn_use::look_up, seen.path.c_str(), options_.patience);
  if (!turn.taken()) {
    os::fault fault;
    explain_busy(fault, turn);
    return failed(fault, seen.path) != nullptr;
  }
  seen.looked_at = true;
  return find_plugin_side(seen.handle, seen.image, seen.path, seen.side, why_);
}

// As look_at_side, once, and a seat for whatever record it gets: the first one's is lost with that if a
// thread inside the loader got ahead and let the module go again.
bool opening::prepare(loaded& seen) {
  if (!seen.looked_at && !look_at_side(seen)) return false;
  if (seen.side.talks() && seen.seat == nullptr) seen.seat = make_seat();
  return true;
}

const host_seat& opening::seat_locked(module_record& r, loaded& seen) noexcept {
  r.greeted = true;
  return take_seat_locked(r, std::move(seen.seat));
}

// Its tenure_loaded, without the mutex. False if it refuses.
bool opening::greet(const plugin_side& side, const host_seat& seat, const char* path) noexcept {
  if (side.loaded == nullptr) return true;
  const hook_result said = call_loaded(side, seat.table);
  if (!said.yes)
    set_failure(why_, said.violation != errc::ok ? said.violation : errc::refused_by_module, path, said.text);
  return said.yes;
}

// Pre: the record is in the state `loading`, by this thread; so nobody else has the module, unless a thread
// inside the loader gets ahead of us.
record* opening::welcome(module_record& r, loaded& seen, const host_seat& seat, bool borrowed) {
  const bool accepted = greet(seen.side, seat, seen.path.c_str());
  try {
    {
      const sync::scoped_lock lock(g_.mutex);
      if (accepted && still_ours(r)) return publish_locked(r, seen);
    }
    if (accepted) return by_handle(seen, name_, borrowed);
  } catch (const std::bad_alloc&) {
    set_failure(why_, errc::out_of_memory, "", "");
    if (seen.side.unloading != nullptr) static_cast<void>(call_unloading(seen.side, seat.table));
  }
  return turn_away(r, seen, borrowed);
}

// Nothing of it stays, unless it holds itself: then it goes as soon as it lets go.
record* opening::turn_away(module_record& r, loaded& seen, bool borrowed) noexcept {
  host_seat* seat = nullptr;
  bool holds_itself = false;
  {
    const sync::scoped_lock lock(g_.mutex);
    holds_itself = still_ours(r) && references_to(r) != 0;
    if (still_ours(r) && !holds_itself) {
      seat = vacate_seat_locked(r);
      give_up_locked(r);
    }
  }
  if (holds_itself) return publish_to_nobody(r, seen);
  if (!borrowed) system_close(seen.handle);
  end_seat(seat, !os::is_mapped(seen.image, seen.path.c_str()));
  return nullptr;
}

record* opening::publish_to_nobody(module_record& r, loaded& seen) noexcept {
  try {
    {
      const sync::scoped_lock lock(g_.mutex);
      publish_locked(r, seen);
    }
    drop_reference(r);
  } catch (const std::bad_alloc&) {
    const sync::scoped_lock lock(g_.mutex);
    give_up_locked(r); // as a module that refers to itself: mapped, and without a handle
  }
  return nullptr;
}

// Pre: the caller holds a reference. It is open already.
record* opening::welcome_late(module_record& r, const host_seat& seat) noexcept {
  if (greet(r.side, seat, r.path())) return &r;
  drop_reference(r);
  return nullptr;
}

} // namespace tenure::inline v1::detail
