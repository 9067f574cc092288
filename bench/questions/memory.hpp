// What does a loaded module cost in heap memory?
#ifndef TENURE_BENCH_QUESTIONS_MEMORY_HPP
#define TENURE_BENCH_QUESTIONS_MEMORY_HPP

#include "../peers/way.hpp"

#include <memory>
#include <optional>
#include <vector>

#include <malloc.h>

namespace bench {

// In use now, the large blocks among it.
inline double heap_in_use() {
  const struct mallinfo2 heap = mallinfo2();
  return static_cast<double>(heap.uordblks + heap.hblkhd);
}

// Of each file. The objects that hold the modules open are in an array that is not counted, nor are the
// paths. The system's own share is among it.
template <way W> double heap_bytes_of(const std::vector<std::string>& files) {
  prepare<W>();
  std::vector<typename W::path> paths;
  for (const std::string& file : files) paths.push_back(W::path_of(file));
  const auto holders = std::make_unique<std::optional<W>[]>(files.size());
  const double before = heap_in_use();
  for (std::size_t i = 0; i != files.size(); ++i) holders[i].emplace(paths[i]);
  const double after = heap_in_use();
  return (after - before) / static_cast<double>(files.size());
}

} // namespace bench

#endif
