// Where nothing is known about stacks. Nothing can be loaded there either, so nothing can be on one.
#include "own_stack.hpp"

namespace tenure::inline v1::os {

stack_finding scan_own_stack(const mapped_image&) noexcept { return {}; }

} // namespace tenure::inline v1::os
