// error: (?s)event_sink|noexcept
#include <tenure/manager.hpp>

struct careless {
  void operator()(const tenure::event&) {}
};
void watch(tenure::manager<>& modules, careless& observer) { modules.observe(observer); }
