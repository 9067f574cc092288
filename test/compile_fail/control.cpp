// compiles
// What the other cases do wrong, done right: else they would fail for another reason than they say.
#include <tenure/tenure.hpp>

namespace {

struct plain_policy {
  void idled(tenure::idle_module& m, tenure::time_point, tenure::idle_list& victims) { victims.push_back(m); }
  void revived(tenure::idle_module&) {}
  void sweep(const tenure::sweep_request&, tenure::idle_list&) {}
  void drain(tenure::idle_list&) {}
  [[nodiscard]] tenure::time_point next_due() const { return tenure::never; }
};

struct object {
  virtual ~object() = default;
};
using api = tenure::api<tenure::fn<"decode", int(const void*, int)>, tenure::var<"version", int>>;

} // namespace

static_assert(tenure::unload_policy<plain_policy>);

int use(tenure::manager<plain_policy>& modules) {
  tenure::module m = modules.open("plug-in");
  const tenure::module copy = m;
  tenure::instance<object> made = m.create<object>("make");
  tenure::instance<object> moved = static_cast<tenure::instance<object>&&>(made);
  const auto decode = m.symbol<int(const void*, int)>("decode");
  const api bound = m.bind<api>();
  const tenure::weak_module weak = copy;
  return decode(nullptr, 0) + bound.call<"decode">(nullptr, 0) + *bound.get<"version">() + (moved ? 1 : 0);
}
