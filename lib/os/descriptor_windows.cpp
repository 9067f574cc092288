#include "os/descriptor.hpp"

#include <io.h>

namespace tenure::inline v1::os {

bool write_all(int descriptor, const char* bytes, std::size_t size) noexcept {
  while (size != 0) {
    const int n = ::_write(descriptor, bytes, static_cast<unsigned>(size)); // never more than some KiB
    if (n <= 0) return false;
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

} // namespace tenure::inline v1::os
