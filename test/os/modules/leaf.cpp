// A library that another one needs.
#include "modules/interface.hpp"

TEST_EXPORT int leaf_value() { return 5; }
