// What a module may ask of its host: the functions behind tenure_host.
#ifndef TENURE_LIB_PLUGIN_HOST_HPP
#define TENURE_LIB_PLUGIN_HOST_HPP

#include "record.hpp"

#include <tenure/plugin.h>

namespace tenure::inline v1::detail {

// One life of a module as its code sees it. Stays where it is while the module is mapped, also if its record
// is another module's by then.
struct host_seat {
  tenure_host table;  // first: the module's pointer to it is one to this
  module_record* who; // null once the manager knows the module no more; published
  host_seat* next_abandoned = nullptr;
  tenure_host_link link = {};
};

// Nobody's yet. Throws std::bad_alloc.
std::unique_ptr<host_seat> make_seat();
// Gives the module the seat, unless it has one already.
host_seat& take_seat_locked(module_record& r, std::unique_ptr<host_seat> fresh) noexcept;
// The manager knows the module no more. Returns what may be deleted once the module is not mapped any more.
host_seat* vacate_seat_locked(module_record& r) noexcept;
// Ends a seat that nobody has any more; one whose module is still mapped is kept for ever. Null is nothing.
void end_seat(host_seat* seat, bool unmapped) noexcept;

} // namespace tenure::inline v1::detail

#endif
