// Where nothing is known about threads. Nothing can be loaded there either, so no thread can be in it.
#include "other_threads.hpp"

namespace tenure::inline v1::os {

thread_finding scan_other_threads(const mapped_image&) noexcept { return {}; }

} // namespace tenure::inline v1::os
