// How long do an open and a look-up take at worst while another thread loads and unloads?
#ifndef TENURE_BENCH_QUESTIONS_BESIDE_LOADS_HPP
#define TENURE_BENCH_QUESTIONS_BESIDE_LOADS_HPP

#include "../peers/way.hpp"
#include "../speed/module_files.hpp"
#include "../speed/suite.hpp"
#include "open.hpp"

#include <functional>
#include <memory>

namespace bench {

enum class loading_pace { none, each_millisecond, without_pause };
[[nodiscard]] const char* name_of(loading_pace pace) noexcept;

// p99.9 of `work` in nanoseconds, begun every five microseconds for that long, while another thread calls
// `load` at that pace. The measuring thread has real-time priority where that is allowed, and both have
// processors of their own where there are two.
[[nodiscard]] double tail_of(const std::function<void()>& work, const std::function<void()>& load,
                             loading_pace pace, double seconds);

// The same for some rounds.
void ask_tail(suite& s, const char* question, const char* who, role as, const std::function<void()>& work,
              const std::function<void()>& load, loading_pace pace);

// The floor: nothing is done between two looks at the clock, while the system's loader is kept busy.
void ask_idle_tail(suite& s, module_files& files, loading_pace pace);

template <way W> void ask_beside_loads(suite& s, module_files& files, loading_pace pace) {
  if constexpr (!takes_threads<W>()) return;
  prepare<W>();
  const auto resident = W::path_of(files.copy("tiny"));
  const auto coming = W::path_of(files.copy("object")), going = W::path_of(files.copy("object"));
  keep_open<W>({resident});
  const auto held = std::make_shared<W>(resident);
  const auto load = [coming, going] {
    const W one(coming); // who parks what was closed last still loads two each time
    escape(one);
    const W other(going);
    escape(other);
  };
  ask_tail(
      s, "open", W::name, W::as,
      [resident] {
        const W again(resident);
        escape(again);
      },
      load, pace);
  if constexpr (finds_symbols<W>)
    ask_tail(
        s, "symbol", W::name, W::as,
        [held] {
          const auto f = held->symbol("tiny_fn");
          escape(f);
        },
        load, pace);
}

} // namespace bench

#endif
