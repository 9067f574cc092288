// As little as a module can have.
#include "export.hpp"

MODULE_EXPORT int tiny_fn(int x) { return x + 1; }
