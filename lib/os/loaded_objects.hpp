// The loader's list of what is loaded. POSIX systems with ELF files.
#ifndef TENURE_LIB_OS_LOADED_OBJECTS_HPP
#define TENURE_LIB_OS_LOADED_OBJECTS_HPP

#include "fork.hpp"

#include <cstddef>

#include <link.h>

namespace tenure::inline v1::os {

// dl_iterate_phdr, while nobody forks: glibc does not make the list's lock anew in a child, whose first open
// would wait for it for ever. Lock order: as fork_gate.
inline int for_each_object(int (*tell)(dl_phdr_info*, std::size_t, void*), void* context) {
  const fork_gate no_fork_meanwhile;
  return ::dl_iterate_phdr(tell, context);
}

} // namespace tenure::inline v1::os

#endif
