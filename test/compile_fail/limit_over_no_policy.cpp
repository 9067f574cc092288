// error: unload_policy
#include <tenure/policies/limit_idle_bytes.hpp>

tenure::policy::limit_idle_bytes<int, 1'000>* policy;
