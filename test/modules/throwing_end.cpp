// Throws from a finaliser.
#include "interface.hpp"

#include <stdexcept>

#if defined(__GNUC__)
__attribute__((destructor)) void finalise() { throw std::runtime_error("not even at the end"); }
#endif

TEST_EXPORT int answer() { return 42; }
