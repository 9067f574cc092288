// libFuzzer entry; built and run by test/fuzz/run. Oracle: no crash, no sanitizer report, no time-out, and no
// text that nobody would read.
#include "cli/demangle.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t longest = 1 << 20;
  std::string name(reinterpret_cast<const char*>(data), size);
  if (!name.starts_with("_Z")) name.insert(0, "_Z");
  if (tenure::cli::demangle(name).size() > longest) std::abort();
  return 0;
}
