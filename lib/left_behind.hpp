// Modules that ended managers left mapped, by choice: the system's references that wait for a next manager.
#ifndef TENURE_LIB_LEFT_BEHIND_HPP
#define TENURE_LIB_LEFT_BEHIND_HPP

#include <memory>

namespace tenure::inline v1::detail {

struct left_reference {
  left_reference* next = nullptr;
  void* handle = nullptr;
};

// Gives up a reference of the system's on a module that nobody here manages any more. `place` was made before
// anything was given up: without one nobody would find the module again.
void leave_behind(std::unique_ptr<left_reference> place, void* handle) noexcept;

// What was left of the module goes: its manager is there again, and decides alone (C-H9: what Wine left could
// never be unloaded). Pre: the caller's record holds a reference of its own, so that nothing is unmapped. No
// lock is held.
void take_back(void* handle) noexcept;

} // namespace tenure::inline v1::detail

#endif
