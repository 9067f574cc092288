// Modules whose initialiser or finaliser threw. The exception passes through the system's loader, which knows
// nothing of exceptions: it keeps its lock for the thread that it came by, for ever, and takes the module for
// a good one.
#ifndef TENURE_LIB_THROWERS_HPP
#define TENURE_LIB_THROWERS_HPP

#include "os/os.hpp"

namespace tenure::inline v1::detail {

// Notes that the code of `file` threw on this thread, through the loader. Those of which there is no room left are
// forgotten.
void note_thrower(const os::file_identity& file, const char* path) noexcept;

// The module that made the loader wait for another thread for ever; null if this thread may call it.
// Threads: any; reads what is published, waits for nobody.
[[nodiscard]] const char* loader_blocked_by() noexcept;

// True if that very file's code threw before: the system would say that it is loaded, and it is half built.
[[nodiscard]] bool threw_before(const os::file_identity& file) noexcept;

} // namespace tenure::inline v1::detail

#endif
