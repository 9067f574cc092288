// error: deleted
#include <tenure/token.hpp>

void twice(const tenure::token& one) { tenure::token other = one; }
