// Lets one call of the system fail that the library makes on this thread: it is linked with --wrap=NAME for each.
#ifndef TENURE_TEST_FAILING_CALLS_HPP
#define TENURE_TEST_FAILING_CALLS_HPP

namespace tenure_test {

// The n-th call from now on fails, counted over all that can; with `silently` the loader says nothing of it.
void fail_call(int n, bool silently = false) noexcept;

// No more failures. The name of the call that failed, null if none has come to it.
const char* stop_failing_calls() noexcept;

} // namespace tenure_test

#endif
