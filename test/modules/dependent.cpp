// Linked with another library, which lies beside it unless a test takes this file elsewhere.
#include "interface.hpp"

extern "C" int needed_value();

TEST_EXPORT int answer() { return 37 + needed_value(); }
