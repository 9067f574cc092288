// What does it cost to find a function by its name?
#ifndef TENURE_BENCH_QUESTIONS_SYMBOL_HPP
#define TENURE_BENCH_QUESTIONS_SYMBOL_HPP

#include "../peers/way.hpp"
#include "../speed/module_files.hpp"
#include "../speed/suite.hpp"

#include <fmt/core.h>

#include <memory>
#include <vector>

#include <time.h>

namespace bench {

inline constexpr std::size_t medium_names = 1'000;

// Not in the order of the file: 7 has no divisor in common with 1,000.
inline std::vector<std::string> names_of_medium() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i != medium_names; ++i)
    names.push_back(fmt::format("medium_{:03}", i * 7 % medium_names));
  return names;
}

template <finds_symbols W> body find_again(std::shared_ptr<W> module, std::vector<std::string> names) {
  return [module, names](benchmark::State& s) {
    std::size_t next = 0;
    for (auto _ : s) {
      const auto found = module->symbol(names[next].c_str());
      escape(found);
      if (++next == names.size()) next = 0;
    }
  };
}

inline double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// A module is loaded, each of its names is looked up once, and it goes again; only looking up is timed.
template <finds_symbols W> body find_first(const std::string& file) {
  return [path = W::path_of(file), names = names_of_medium()](benchmark::State& s) {
    for (auto _ : s) {
      const W module(path);
      const double begin = processor_seconds();
      for (const std::string& name : names) {
        const auto found = module.symbol(name.c_str());
        escape(found);
      }
      s.SetIterationTime(processor_seconds() - begin);
    }
  };
}

template <knows_misses W> body find_nothing(std::shared_ptr<W> module) {
  return [module](benchmark::State& s) {
    for (auto _ : s) {
      bool found = module->has("medium_not_there");
      benchmark::DoNotOptimize(found);
    }
  };
}

template <way W> void ask_symbol(suite& s, module_files& files) {
  if constexpr (finds_symbols<W>) {
    const auto tiny = std::make_shared<W>(W::path_of(files.copy("tiny")));
    const auto medium = std::make_shared<W>(W::path_of(files.copy("medium")));
    s.add("symbol again, tiny", W::name, W::as, find_again(tiny, {"tiny_fn"}));
    if constexpr (takes_threads<W>())
      s.add("symbol again, two threads", W::name, W::as, find_again(tiny, {"tiny_fn"}), {.threads = 2});
    s.add("symbol again, one of 1,000", W::name, W::as, find_again(medium, {"medium_500"}));
    s.add("symbol again, all 1,000", W::name, W::as, find_again(medium, names_of_medium()));
    s.add("symbol, first time", W::name, W::as, find_first<W>(files.copy("medium")),
          {.manual = true, .calls = medium_names});
    if constexpr (knows_misses<W>) s.add("symbol not there", W::name, W::as, find_nothing(medium));
  }
}

} // namespace bench

#endif
