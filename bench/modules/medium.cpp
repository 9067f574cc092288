// 1,000 functions.
#include "export.hpp"
#include "thousand.hpp"

#define DEFINE(n)                                                                                            \
  MODULE_EXPORT int medium_##n(int x) { return x + 1##n; }
THOUSAND(DEFINE)
