// error: (invalid conversion from .*char|cannot initialize a parameter of type 'int')
#include <tenure/api.hpp>

using codec = tenure::api<tenure::fn<"level", int(int)>>;
int call(const codec& bound) { return bound.call<"level">("nine"); }
