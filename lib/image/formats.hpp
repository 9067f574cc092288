// Which format a file has, told by its first bytes.
#ifndef TENURE_LIB_IMAGE_FORMATS_HPP
#define TENURE_LIB_IMAGE_FORMATS_HPP

#include "bytes.hpp"

namespace tenure::inline v1::image {

/// The format by its magic number alone.
format recognise(const bytes& first) noexcept;

/// What a file is that has none of the three formats. `first` is its beginning, `size` its whole size.
finding look_closer(const bytes& first, std::uint64_t size) noexcept;

} // namespace tenure::inline v1::image

#endif
