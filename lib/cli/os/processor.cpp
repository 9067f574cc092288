#include "cli/os/processor.hpp"

namespace tenure::cli {

// The levels of the psABI, by those of their features that none below them has.
std::vector<std::string> processor_levels() {
  std::vector<std::string> levels;
#if defined(__x86_64__) && defined(__linux__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt")) return levels;
  levels.insert(levels.begin(), "x86-64-v2");
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("fma"))
    return levels;
  levels.insert(levels.begin(), "x86-64-v3");
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    levels.insert(levels.begin(), "x86-64-v4");
#endif
  return levels;
}

} // namespace tenure::cli
