// What does an object cost that is made, called once and destroyed, when nothing else holds its module?
#ifndef TENURE_BENCH_QUESTIONS_CHURN_HPP
#define TENURE_BENCH_QUESTIONS_CHURN_HPP

#include "../modules/object.hpp"
#include "../peers/way.hpp"
#include "../speed/module_files.hpp"
#include "../speed/suite.hpp"
#include "floors.hpp"

namespace bench {

using make_object = object*();

// new, a virtual call, delete.
inline void live_once(make_object* make) {
  object* const made = make();
  int value = made->value();
  benchmark::DoNotOptimize(value);
  delete made;
}

// As a program does it that has a module's path and nothing else.
template <finds_addresses W> void live_once(const typename W::path& path) {
  const W module(path);
  live_once(reinterpret_cast<make_object*>(module.symbol("make_object")));
}

template <way W> void ask_churn(suite& s, module_files& files) {
  if constexpr (finds_addresses<W>)
    s.add("object", W::name, W::as, [path = W::path_of(files.copy("object"))](benchmark::State& state) {
      for (auto _ : state) live_once<W>(path);
    });
}

// Through pointers that are held.
inline body held_object(make_object* make) {
  return [make](benchmark::State& s) {
    for (auto _ : s) live_once(make);
  };
}

// The same, and a reference is counted for as long as the object lives.
inline body held_and_counted_object(make_object* make) {
  return [make](benchmark::State& s) {
    std::uint64_t word = 1;
    for (auto _ : s) {
      count_up(word);
      live_once(make);
      count_down(word);
    }
    escape(word);
  };
}

} // namespace bench

#endif
