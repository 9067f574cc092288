// error: manager_observer|event_sink
#include <tenure/manager.hpp>

struct deaf {};
tenure::manager<tenure::policy::deferred_one, tenure::departure_check::own_stack, deaf>* modules;
