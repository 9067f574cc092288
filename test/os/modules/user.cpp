// A plug-in that needs a library.
#include "modules/interface.hpp"

extern "C" __declspec(dllimport) int leaf_value();

TEST_EXPORT int user_value() { return leaf_value() + 1; }
