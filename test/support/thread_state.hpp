// What the kernel says of a thread of ours.
#ifndef TENURE_TEST_SUPPORT_THREAD_STATE_HPP
#define TENURE_TEST_SUPPORT_THREAD_STATE_HPP

#include <cstdint>
#include <fstream>
#include <string>

namespace tenure_test {

// 'R' while it runs or may run, 'S' while it sleeps, others as in Linux's proc(5); 0 of a thread that has
// ended, and where the system does not tell.
inline char thread_state(std::uint64_t number) {
  std::ifstream file("/proc/self/task/" + std::to_string(number) + "/stat");
  std::string text; // "number (name) state ..."
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  return name_end != text.npos && name_end + 2 < text.size() ? text[name_end + 2] : char(0);
}

} // namespace tenure_test

#endif
