// 1,000 functions, and a table of them: 1,000 relocations that the loader looks up by name, unless the linker
// has bound them inside the module.
#include "export.hpp"
#include "thousand.hpp"

// With INNER the functions are for the table alone.
#if defined(INNER)
#  define FUNCTION_EXPORT extern "C"
#else
#  define FUNCTION_EXPORT MODULE_EXPORT
#endif

#define DEFINE(n)                                                                                            \
  FUNCTION_EXPORT int medium_##n(int x) { return x + 1##n; }
THOUSAND(DEFINE)

#define NAME(n) medium_##n,
MODULE_EXPORT int (*const medium_table[])(int);
int (*const medium_table[])(int) = {THOUSAND(NAME)};
