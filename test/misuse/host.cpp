#include "host.hpp"

#include <fstream>
#include <link.h>
#include <unistd.h>

namespace misuse {

bool is_mapped(const std::string& name) {
  struct search {
    const std::string& name;
    bool found = false;
  } mine{name};
  const auto look = [](dl_phdr_info* object, std::size_t, void* context) {
    search& s = *static_cast<search*>(context);
    s.found |= std::string(object->dlpi_name).find(s.name) != std::string::npos;
    return 0;
  };
  ::dl_iterate_phdr(look, &mine);
  return mine.found;
}

std::size_t resident_bytes() {
  std::size_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

} // namespace misuse
