// error: (?s)(unload_policy.*next_due|next_due.*unload_policy)
#include <tenure/manager.hpp>

struct vague {
  void idled(tenure::idle_module&, tenure::time_point, tenure::idle_list&) {}
  void revived(tenure::idle_module&) {}
  void sweep(const tenure::sweep_request&, tenure::idle_list&) {}
  void drain(tenure::idle_list&) {}
  const char* next_due() const { return "soon"; }
};
tenure::manager<vague>* modules;
