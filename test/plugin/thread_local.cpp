// A thread_local object whose destructor libstdc++ registers: what goes wrong with a copy of libstdc++ inside
// the DLL.
#include <stdexcept>
#include <string>

namespace {
thread_local std::string last;
} // namespace

extern "C" __attribute__((visibility("default"))) int length_of(const char* text) {
  last = text;
  if (last.empty()) throw std::invalid_argument("nothing");
  return static_cast<int>(last.size());
}
