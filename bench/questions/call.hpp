// What does a call cost through a handle that holds the function?
#ifndef TENURE_BENCH_QUESTIONS_CALL_HPP
#define TENURE_BENCH_QUESTIONS_CALL_HPP

#include "../speed/suite.hpp"

namespace bench {

template <class Function> void ask_call(suite& s, const char* who, role as, Function function) {
  s.add("call", who, as, [function](benchmark::State& state) {
    int n = 0;
    for (auto _ : state) {
      n = function(n);
      benchmark::DoNotOptimize(n);
    }
  });
}

} // namespace bench

#endif
