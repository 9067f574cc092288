// What ended managers have left mapped: references of the system's that wait for a next manager.
#ifndef TENURE_LIB_LEFT_BEHIND_HPP
#define TENURE_LIB_LEFT_BEHIND_HPP

#include <memory>

namespace tenure::inline v1::detail {

struct dependency;
struct module_record;
struct registry;

struct left_reference {
  left_reference* next = nullptr;
  void* handle = nullptr;
  dependency* needs = nullptr; // owned
};

// Gives up a module that nobody here manages any more, with the system's reference and what it needs: its registry
// forgets it. `place` was made before anything was given up: without one nobody would find the module again. Needs the
// mutex of the registry, which loses a share: never its last one, for the caller has one, too.
void leave_behind_locked(std::unique_ptr<left_reference> place, module_record& r) noexcept;

// What was left of the module goes over: its manager is there again, and decides alone (C-H9: what Wine left
// could never be unloaded). Pre: the caller's record holds a reference of its own, so that nothing is
// unmapped. No lock is held.
void take_back(module_record& r) noexcept;

// Its manager is gone, and closes wait in it: this thread's later safe points see to them, or, of those that
// wait for a yes or for a thread that has ended, the next manager that opens the module. Nothing if none
// waits. No lock is held.
void leave_to_this_thread(registry& g) noexcept;

// Tries again what waits for a safe point of this thread in registries whose manager is gone. No lock is
// held.
void try_leftovers() noexcept;

// What modules needed that are still mapped, and that nobody manages: that stays for ever.
void abandon(dependency* edges) noexcept;

} // namespace tenure::inline v1::detail

#endif
