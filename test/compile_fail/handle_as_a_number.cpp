// error: (cannot convert|no viable conversion)
#include <tenure/module.hpp>

int count(const tenure::module& m) { return m; }
