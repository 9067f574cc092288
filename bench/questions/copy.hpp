// What does it cost to copy a handle and to drop the copy?
#ifndef TENURE_BENCH_QUESTIONS_COPY_HPP
#define TENURE_BENCH_QUESTIONS_COPY_HPP

#include "../speed/suite.hpp"

#include <fmt/core.h>

#include <memory>

namespace bench {

// All threads copy the same handle.
template <class Handle> body copy_and_drop(Handle handle) {
  return [shared = std::make_shared<Handle>(std::move(handle))](benchmark::State& s) {
    for (auto _ : s) {
      const Handle copy(*shared);
      benchmark::ClobberMemory(); // what other code does meanwhile; the copy itself may stay in a register
    }
  };
}

template <class Handle> void ask_copy(suite& s, const char* who, role as, Handle handle) {
  const body work = copy_and_drop(std::move(handle));
  s.add("copy", who, as, work);
  s.add("copy, two threads", who, as, work, {.threads = 2});
}

inline std::string threads_question(const char* what, unsigned threads) {
  return fmt::format("{}, {} thread{}", what, threads, threads == 1 ? "" : "s");
}

} // namespace bench

#endif
