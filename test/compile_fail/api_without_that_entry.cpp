// error: this api has no entry of that name
#include <tenure/api.hpp>

using codec = tenure::api<tenure::fn<"decode", int(const void*)>, tenure::var<"version", int>>;
auto get(const codec& bound) { return bound.get<"encode">(); }
