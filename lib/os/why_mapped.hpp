// What the running process tells about why an image stays mapped: who needs it, who bound a symbol to it, who
// else holds it. The port's part of linger.cpp.
#ifndef TENURE_LIB_OS_WHY_MAPPED_HPP
#define TENURE_LIB_OS_WHY_MAPPED_HPP

#include "linger.hpp"

namespace tenure::inline v1::os {

// False if this system's loader keeps every image until the process ends: a close then only gives a reference
// back, and runs no finaliser. Tests take their expectations from here.
[[nodiscard]] bool loader_unmaps() noexcept;

// reason unknown if the process has no evidence. Asked after the close; may throw std::bad_alloc.
detail::linger_finding why_mapped(const std::string& path, const mapped_image& image);

} // namespace tenure::inline v1::os

#endif
