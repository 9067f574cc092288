// error: (?s)(unload_policy.*sweep|sweep.*unload_policy)
#include <tenure/manager.hpp>

struct lazy {
  void idled(tenure::idle_module&, tenure::time_point, tenure::idle_list&) {}
  void revived(tenure::idle_module&) {}
  void sweep() {}
  void drain(tenure::idle_list&) {}
  tenure::time_point next_due() const { return tenure::never; }
};
tenure::manager<lazy>* modules;
