// error: var<> names a variable
#include <tenure/api.hpp>

using wrong = tenure::api<tenure::var<"decode", int(const void*)>>;
wrong bound;
