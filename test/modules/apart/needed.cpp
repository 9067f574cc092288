// A library that `dependent` is linked with.
#include "interface.hpp"

TEST_EXPORT int needed_value() { return 5; }
