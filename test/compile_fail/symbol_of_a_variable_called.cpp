// error: (no match for call|no matching function for call)
#include <tenure/symbol.hpp>

int call(const tenure::symbol<int>& version) { return version(); }
