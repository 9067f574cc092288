#include "mappings.hpp"

#include <fstream>
#include <sstream>

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

double peak_memory_of_this_process() {
  std::ifstream in("/proc/self/status"); // KEY: VALUE kB
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string key;
    double kib = 0;
    if (words >> key >> kib && key == "VmHWM:") return kib / 1024;
  }
  return 0;
}

} // namespace session
