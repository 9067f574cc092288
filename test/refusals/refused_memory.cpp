#include "faults/failing_new.hpp"
#include "refusals/refusal.hpp"

namespace tenure_test {

void refuse(int n) noexcept { fail_allocation(n); }
const char* stop_refusing() noexcept { return stop_failing() ? "memory" : ""; }

} // namespace tenure_test
