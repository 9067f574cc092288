#include "faults/failing_calls.hpp"
#include "refusals/refusal.hpp"

namespace tenure_test {

void refuse(int n) noexcept { fail_call(n); }
const char* stop_refusing() noexcept {
  const char* const call = stop_failing_calls();
  return call != nullptr ? call : "";
}

} // namespace tenure_test
