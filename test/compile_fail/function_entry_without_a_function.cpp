// error: fn<> names a function
#include <tenure/api.hpp>

using wrong = tenure::api<tenure::fn<"version", int>>;
wrong bound;
