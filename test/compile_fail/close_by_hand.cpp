// error: (has no member named .*close|no member named 'close')
// There is nothing to close twice: a handle lets go of its own reference, and of nothing else.
#include <tenure/module.hpp>

void close(tenure::module& m) { m.close(); }
