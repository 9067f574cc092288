// Why a module that was closed is still mapped. Asked only when it stayed, so the price does not matter.
#ifndef TENURE_LIB_LINGER_HPP
#define TENURE_LIB_LINGER_HPP

#include "os/mapped_image.hpp"

#include <tenure/report.hpp>

#include <string>

namespace tenure::inline v1::detail {

struct linger_finding {
  linger_reason reason = linger_reason::unknown;
  std::string detail; // the evidence and the cure, a sentence
};

// Looks at the file and at what else is loaded. May throw std::bad_alloc.
linger_finding explain_lingering(const std::string& path, const os::mapped_image& image);

} // namespace tenure::inline v1::detail

#endif
