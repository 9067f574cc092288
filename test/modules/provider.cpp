// Defines what `consumer` needs, and a function that `chooser` defines too.
#include "interface.hpp"

TEST_EXPORT int provided_value() { return 11; }
TEST_EXPORT int chosen() { return 1; }
