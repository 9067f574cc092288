// error: (?s)(unload_policy.*idled|idled.*unload_policy)
#include <tenure/manager.hpp>

struct forgetful {
  void revived(tenure::idle_module&) {}
  void sweep(const tenure::sweep_request&, tenure::idle_list&) {}
  void drain(tenure::idle_list&) {}
  tenure::time_point next_due() const { return tenure::never; }
};
tenure::manager<forgetful>* modules;
