#include "host.hpp"

#include <fstream>
#include <string>
#include <unistd.h>

namespace misuse {

// By the kernel's list, not the loader's: that one has a lock, which a child of fork() would inherit as it
// stands.
bool is_mapped(const std::string& name) {
  std::string listed; // a line break stands there by its number
  for (const char c : name) listed += c == '\n' ? std::string("\\012") : std::string(1, c);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (const std::size_t path = line.find('/');
        path != std::string::npos && line.find(listed, path) != std::string::npos)
      return true;
  return false;
}

std::size_t resident_bytes() {
  std::size_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

} // namespace misuse
