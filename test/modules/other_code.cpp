// Stands in for the next version of `basic`: the same names, other answers.
#include "interface.hpp"

TEST_EXPORT int answer() { return 43; }
