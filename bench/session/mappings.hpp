// The system's own list of what this process has mapped: a witness that is not Tenure.
#ifndef TENURE_BENCH_SESSION_MAPPINGS_HPP
#define TENURE_BENCH_SESSION_MAPPINGS_HPP

#include <set>
#include <string>

namespace session {

struct mappings {
  bool known = false; // this system has such a list
  std::set<std::string, std::less<>> files;
  [[nodiscard]] bool contains(std::string_view file) const { return files.find(file) != files.end(); }
};

[[nodiscard]] mappings mappings_of_this_process();

// The most memory that this process ever had resident, MiB; 0 where the system does not say.
[[nodiscard]] double peak_memory_of_this_process();

} // namespace session

#endif
