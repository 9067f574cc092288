// Where nothing is ever mapped.
#include "os/quarantine.hpp"

namespace tenure::inline v1::os {

departed* announce_departure(const mapped_image&, const char*, const char*) noexcept { return nullptr; }
void finish_departure(departed*, bool) noexcept {}
void prepare_quarantine() noexcept {}
void explain_faults() noexcept {}

} // namespace tenure::inline v1::os
