// What does it cost to open what is loaded already, and to let it go again?
#ifndef TENURE_BENCH_QUESTIONS_OPEN_HPP
#define TENURE_BENCH_QUESTIONS_OPEN_HPP

#include "../peers/way.hpp"
#include "../speed/module_files.hpp"
#include "../speed/suite.hpp"

#include <fmt/core.h>

#include <memory>
#include <vector>

namespace bench {

inline std::string scale_question(std::size_t modules) { return fmt::format("open, {} loaded", modules); }

// Holds modules open for the rest of the process: whoever has them in a list of its own has them there.
// Whoever does more at the first opens of a module has those behind it.
template <way W> void keep_open(const std::vector<typename W::path>& paths) {
  for (const auto& path : paths) static_cast<void>(std::make_unique<W>(path).release());
  for (unsigned i = 0; i != opens_before<W>(); ++i)
    for (const auto& path : paths) escape(W(path));
}

template <way W> std::vector<typename W::path> paths_of(const std::vector<std::string>& files) {
  std::vector<typename W::path> paths;
  for (const std::string& file : files) paths.push_back(W::path_of(file));
  return paths;
}

template <way W> void open_and_close(benchmark::State& s, const std::vector<typename W::path>& paths) {
  std::size_t next = 0;
  for (auto _ : s) {
    W opened(paths[next]);
    benchmark::ClobberMemory();
    if (++next == paths.size()) next = 0;
  }
}

// `files` are opened in turn, in their order.
template <way W>
void ask_open_many(suite& s, const std::vector<std::string>& files, const std::string& question) {
  const auto paths = paths_of<W>(files);
  keep_open<W>(paths);
  s.add(question, W::name, W::as, [paths](benchmark::State& state) { open_and_close<W>(state, paths); });
}

template <way W> void ask_open(suite& s, module_files& files) {
  const auto paths = paths_of<W>({files.copy("tiny")});
  keep_open<W>(paths);
  const body work = [paths](benchmark::State& state) { open_and_close<W>(state, paths); };
  s.add("open, 1 module", W::name, W::as, work);
  if constexpr (takes_threads<W>())
    s.add("open, 1 module, two threads", W::name, W::as, work, {.threads = 2});
}

} // namespace bench

#endif
