// A copy of a module's file that nobody else knows: loaded instead of the file, it has an image of its own,
// and no write to the file reaches it.
#ifndef TENURE_LIB_PRIVATE_COPY_HPP
#define TENURE_LIB_PRIVATE_COPY_HPP

#include "os/os.hpp"

#include <string>

namespace tenure::inline v1::detail {

// The copy's path; empty with `why` if there is no place for one. Beside the file, so that what it looks for
// by its own place ($ORIGIN) is found; in the system's folder for temporary files if that cannot be written
// to.
std::string make_private_copy(const std::string& path, os::fault& why);

// Takes the copy's name away: at once where a mapped file needs none, and else when the module is gone.
void discard_private_copy(const std::string& copy) noexcept;

} // namespace tenure::inline v1::detail

#endif
