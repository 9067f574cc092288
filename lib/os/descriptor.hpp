// Writing to a file descriptor, from a signal handler too.
#ifndef TENURE_LIB_OS_DESCRIPTOR_HPP
#define TENURE_LIB_OS_DESCRIPTOR_HPP

#include <cerrno>
#include <cstddef>

namespace tenure::inline v1::os {

// Async-signal-safe. False if the system took less.
bool write_all(int descriptor, const char* bytes, std::size_t size) noexcept;

class keep_errno {
public:
  keep_errno() noexcept
      : value_(errno) {}
  keep_errno(const keep_errno&) = delete;
  keep_errno& operator=(const keep_errno&) = delete;
  ~keep_errno() { errno = value_; }

private:
  int value_;
};

} // namespace tenure::inline v1::os

#endif
