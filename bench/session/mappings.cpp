#include "mappings.hpp"

#include <fstream>

namespace session {

mappings mappings_of_this_process() {
  mappings seen;
  std::ifstream in("/proc/self/maps"); // ADDRESSES RIGHTS OFFSET DEVICE INODE   FILE
  for (std::string line; std::getline(in, line);) {
    seen.known = true;
    const std::size_t at = line.find('/');
    if (at != std::string::npos) seen.files.insert(line.substr(at));
  }
  return seen;
}

} // namespace session
