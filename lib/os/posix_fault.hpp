// What an error number of a call means for a file that somebody wants.
#ifndef TENURE_LIB_OS_POSIX_FAULT_HPP
#define TENURE_LIB_OS_POSIX_FAULT_HPP

#include "os/os.hpp"

#include <cerrno>
#include <cstring>

namespace tenure::inline v1::os {

inline errc cause_of(int error) noexcept {
  switch (error) {
  case ENOENT:
  case ENOTDIR:
    return errc::file_not_found;
  case EACCES:
  case EPERM:
    return errc::permission_denied;
  case ENAMETOOLONG:
    return errc::path_too_long;
  case ENOMEM:
    return errc::out_of_memory;
  case ENXIO: // a socket, or a device without a driver
  case EISDIR:
    return errc::not_a_regular_file;
  default:
    return errc::file_unreadable;
  }
}

// Always false.
inline bool refuse(fault& why, errc cause, const char* call, int error) {
  why.cause = cause;
  why.call = call;
  why.code = error;
  why.text = std::strerror(error);
  return false;
}

} // namespace tenure::inline v1::os

#endif
