// One function over many things, on several threads.
#ifndef TENURE_LIB_CLI_PARALLEL_HPP
#define TENURE_LIB_CLI_PARALLEL_HPP

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace tenure::cli {

/// Calls `work(i)` for each i below `count`, each once, on at most `threads` threads, this one included.
/// Returns when all are done. The first exception ends the handing out, and is thrown here.
template <class Work> void for_each_index(std::size_t count, unsigned threads, Work work) {
  std::atomic<std::size_t> next{0};
  std::mutex guard; // of `first`
  std::exception_ptr first;
  const auto run = [&] {
    try {
      for (auto i = next++; i < count; i = next++) work(i);
    } catch (...) {
      next = count;
      const std::lock_guard lock(guard);
      if (!first) first = std::current_exception();
    }
  };
  std::vector<std::thread> helpers;
  const auto wanted = std::min<std::size_t>(std::max(threads, 1U), count);
  for (std::size_t i = 1; i < wanted; ++i) helpers.emplace_back(run);
  run();
  for (auto& each : helpers) each.join();
  if (first) std::rethrow_exception(first);
}

} // namespace tenure::cli

#endif
