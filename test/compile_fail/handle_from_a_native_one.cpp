// error: (could not convert|conversion from|no viable conversion)
#include <tenure/module.hpp>

tenure::module adopt(void* native) { return native; }
