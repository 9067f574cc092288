#include "os/descriptor.hpp"

#include <unistd.h>

namespace tenure::inline v1::os {

bool write_all(int descriptor, const char* bytes, std::size_t size) noexcept {
  while (size != 0) {
    const ssize_t n = ::write(descriptor, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

} // namespace tenure::inline v1::os
