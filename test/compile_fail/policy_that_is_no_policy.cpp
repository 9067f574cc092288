// error: unload_policy
#include <tenure/manager.hpp>

tenure::manager<int>* modules;
