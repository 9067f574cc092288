// Where nothing can be loaded, nothing stays mapped.
#include "os/why_mapped.hpp"

namespace tenure::inline v1::os {

bool loader_unmaps() noexcept { return true; }

detail::linger_finding why_mapped(const std::string&, const mapped_image&) { return {}; }

} // namespace tenure::inline v1::os
