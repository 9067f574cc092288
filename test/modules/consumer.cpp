// Needs a function that no library it is linked with defines.
#include "interface.hpp"

extern "C" int provided_value();

TEST_EXPORT int answer() { return 42; }
TEST_EXPORT int ask_provider() { return provided_value(); }
