// A file that the port has opened, as the readers of images take it.
#ifndef TENURE_LIB_FILE_SOURCE_HPP
#define TENURE_LIB_FILE_SOURCE_HPP

#include "image/image.hpp"
#include "os/os.hpp"

namespace tenure::inline v1::detail {

// Pre: `file` is open, and outlives the source.
inline image::source source_of(const os::file& file) noexcept {
  const auto read = [](void* context, std::uint64_t offset, void* into, std::size_t count) noexcept {
    const std::ptrdiff_t n = static_cast<const os::file*>(context)->read_at(offset, into, count);
    return n < 0 ? std::size_t{0} : static_cast<std::size_t>(n);
  };
  // It only reads, so that the file may be const here and lose it on the way.
  return {read, const_cast<os::file*>(&file), file.size()};
}

} // namespace tenure::inline v1::detail

#endif
