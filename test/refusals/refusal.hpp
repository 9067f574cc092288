// Refuses one thing: memory, or a call of the system, whichever the program is linked with.
#ifndef TENURE_TEST_REFUSALS_REFUSAL_HPP
#define TENURE_TEST_REFUSALS_REFUSAL_HPP

namespace tenure_test {

// The n-th that this thread asks for from now on.
void refuse(int n) noexcept;

// No more. What was refused; "" if nothing has come to it.
const char* stop_refusing() noexcept;

// What leaves a module mapped when it is refused, for nobody can take it back.
inline constexpr const char* the_close = "dlclose";

} // namespace tenure_test

#endif
