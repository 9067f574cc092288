// What the system says about another process, and what binutils say about a file: witnesses that are not
// Tenure.
#ifndef TENURE_TEST_REAL_WITNESS_HPP
#define TENURE_TEST_REAL_WITNESS_HPP

#include <cstdint>
#include <set>
#include <string>

#include <sys/types.h>

namespace real {

using path_set = std::set<std::string, std::less<>>;

struct process_view {
  path_set mapped;             // files
  std::int64_t memory_kib = 0; // anonymous and resident: heap, stacks, what was written of data segments
  std::size_t descriptors = 0;
};

// Pre: the process stands still.
[[nodiscard]] process_view look_at(pid_t process);

// A module that a report calls lingering.
struct lingering {
  std::string path, reason, detail;
};

// What speaks against the reason; empty if readelf and the list of mappings bear it out.
[[nodiscard]] std::string objection(const lingering& l, const path_set& mapped);

} // namespace real

#endif
