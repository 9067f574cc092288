// From the name that was given to the file that is meant. Decides by ARCHITECTURE and issue: the search path
// in order, a folder taken as it is, never the current directory by accident.
#ifndef TENURE_LIB_RESOLVE_HPP
#define TENURE_LIB_RESOLVE_HPP

#include "os/os.hpp"

#include <tenure/failure.hpp>

#include <string>
#include <vector>

namespace tenure::inline v1::detail {

struct location {
  std::string path;       // absolute; for by_system the file names to hand to the system, see candidates
  os::file_identity file; // not set for by_system
  bool by_system = false; // not found by us: the system may look for each of the candidates its own way
  std::vector<std::string> candidates;
  std::string tried; // the places looked at, for the message
  os::fault last;    // of the last of them: the system's words
};

// False with `why` set if no file is meant. Reads the file system; takes no lock.
bool resolve(const std::string& name, const std::vector<std::string>& search_path, bool system_search,
             location& found, failure& why);

// "not found", with all the places.
void report_not_found(const std::string& name, const location& where, failure& why) noexcept;

} // namespace tenure::inline v1::detail

#endif
