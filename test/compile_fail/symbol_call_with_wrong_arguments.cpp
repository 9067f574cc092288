// error: (too few arguments|no matching function|not enough arguments)
#include <tenure/symbol.hpp>

int call(const tenure::symbol<int(int, int)>& add) { return add(1); }
