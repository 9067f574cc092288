// What does an object cost that is made, called once and destroyed, when nothing else holds its module?
#ifndef TENURE_BENCH_QUESTIONS_CHURN_HPP
#define TENURE_BENCH_QUESTIONS_CHURN_HPP

#include "../modules/object.hpp"
#include "../peers/way.hpp"
#include "../speed/module_files.hpp"
#include "../speed/suite.hpp"

namespace bench {

using make_object = object*();

// As a program does it that has a module's path and nothing else.
template <finds_addresses W> void live_once(const typename W::path& path) {
  const W module(path);
  object* const made = reinterpret_cast<make_object*>(module.symbol("make_object"))();
  int value = made->value();
  benchmark::DoNotOptimize(value);
  delete made;
}

template <way W> void ask_churn(suite& s, module_files& files) {
  if constexpr (finds_addresses<W>)
    s.add("object", W::name, W::as, [path = W::path_of(files.copy("object"))](benchmark::State& state) {
      for (auto _ : state) live_once<W>(path);
    });
}

// Through pointers that are held: new, a virtual call, delete.
inline body held_object(make_object* make) {
  return [make](benchmark::State& s) {
    for (auto _ : s) {
      object* const made = make();
      int value = made->value();
      benchmark::DoNotOptimize(value);
      delete made;
    }
  };
}

} // namespace bench

#endif
