// Throws from a finaliser, once: when the process ends, the system calls it again.
#include "interface.hpp"

#include <stdexcept>
#include <utility>

#if defined(__GNUC__)
__attribute__((destructor)) void finalise() {
  static bool thrown = false;
  if (!std::exchange(thrown, true)) throw std::runtime_error("not even at the end");
}
#endif

TEST_EXPORT int answer() { return 42; }
