// Modules that ended managers left mapped, by choice: the system's references that wait for a next manager.
#ifndef TENURE_LIB_LEFT_BEHIND_HPP
#define TENURE_LIB_LEFT_BEHIND_HPP

namespace tenure::inline v1::detail {

// Gives up a reference of the system's on a module that nobody here manages any more. If memory is refused
// nobody will find it again, and the module stays for ever.
void leave_behind(void* handle) noexcept;

// What was left of the module goes: its manager is there again, and decides alone (C-H9: what Wine left could
// never be unloaded). Pre: the caller's record holds a reference of its own, so that nothing is unmapped. No
// lock is held.
void take_back(void* handle) noexcept;

} // namespace tenure::inline v1::detail

#endif
