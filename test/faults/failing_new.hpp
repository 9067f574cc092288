// An operator new that fails once, when it is told to, and counts. Replaced in failing_new.cpp, for the whole
// program.
#ifndef TENURE_TEST_FAILING_NEW_HPP
#define TENURE_TEST_FAILING_NEW_HPP

namespace tenure_test {

// The n-th allocation of this thread from now on fails, n > 0; 0: none does.
void fail_allocation(int n) noexcept;
// Ends it. True if one was refused.
bool stop_failing() noexcept;
// What this thread has allocated and not freed; less, if it has freed what others allocated.
long blocks_in_use() noexcept;

} // namespace tenure_test

#endif
