// error: (no matching function|could not convert|no viable conversion|conversion from)
#include <tenure/path.hpp>

tenure::path_view path() { return 5; }
