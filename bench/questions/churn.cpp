#include "churn.hpp"

#include "maker.hpp"
#include "ours.hpp"

#include <tenure/tenure.hpp>

#include <dlfcn.h>

#include <memory>

namespace bench {
namespace {

namespace policy = tenure::policy;

struct remembered {
  std::string path;
  maker objects;
};

void call(object& made) {
  int value = made.value();
  benchmark::DoNotOptimize(value);
}

template <class Manager> void live_once(Manager& modules, remembered& what) {
  if (const auto made = what.objects.create()) return call(*made);
  const tenure::module m = modules.open(what.path);
  what.objects = maker(m, "make_object");
  call(*what.objects.create());
}

template <class Policy> void ask_object(suite& s, module_files& files, const char* who) {
  const auto modules = std::make_shared<tenure::manager<Policy>>();
  s.add("object", who, role::ours, [modules, path = files.copy("object")](benchmark::State& state) {
    remembered one{path, {}};
    for (auto _ : state) live_once(*modules, one);
  });
}

template <class Policy> void ask_two_in_turn(suite& s, module_files& files, const char* who) {
  const auto modules = std::make_shared<tenure::manager<Policy>>();
  const body work = [modules, a = files.copy("object"), b = files.copy("object")](benchmark::State& state) {
    remembered one{a, {}}, other{b, {}};
    for (auto _ : state) {
      live_once(*modules, one);
      live_once(*modules, other);
    }
  };
  s.add("object, two modules in turn", who, role::ours, work, {.calls = 2});
}

template <class Policy> void ask_by_path(suite& s, module_files& files, const char* who) {
  const auto modules = std::make_shared<tenure::manager<Policy>>();
  s.add("object, by path", who, role::ours, [modules, path = files.copy("object")](benchmark::State& state) {
    for (auto _ : state) {
      const auto made = modules->open(path).template create<object>("make_object");
      int value = made->value();
      benchmark::DoNotOptimize(value);
    }
  });
}

make_object* factory_of(const std::string& file) {
  void* const handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL); // held for the rest of the process
  if (handle == nullptr) throw std::runtime_error(dlerror());
  return reinterpret_cast<make_object*>(dlsym(handle, "make_object"));
}

} // namespace

void ask_our_objects(suite& s, module_files& files) {
  ask_object<policy::deferred_one>(s, files, "tenure, deferred_one");
  ask_object<policy::periodic_sweep>(s, files, "tenure, periodic_sweep");
  ask_object<policy::distributed<policy::periodic_sweep>>(s, files, "tenure, distributed");
  ask_object<policy::keep_warm<>>(s, files, "tenure, keep_warm");
  ask_object<policy::adaptive>(s, files, "tenure, adaptive");
  ask_object<policy::immediate>(s, files, "tenure, immediate");
  ask_by_path<policy::deferred_one>(s, files, "tenure, deferred_one");
  ask_two_in_turn<policy::deferred<2>>(s, files, "tenure, deferred<2>");
  ask_two_in_turn<policy::periodic_sweep>(s, files, "tenure, periodic_sweep");
  ask_two_in_turn<policy::distributed<policy::periodic_sweep>>(s, files, "tenure, distributed");
  make_object* const make = factory_of(files.copy("object"));
  s.add("object", "new, call, delete", role::floor, held_object(make));
  s.add("object", "new, call, delete, count", role::floor, held_and_counted_object(make));
}

} // namespace bench
