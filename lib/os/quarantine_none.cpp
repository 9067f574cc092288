// Where nothing is ever mapped.
#include "os/quarantine.hpp"

namespace tenure::inline v1::os {

bool quarantine_image(const mapped_image&, const char*, const char*) noexcept { return false; }
void explain_faults() noexcept {}

} // namespace tenure::inline v1::os
