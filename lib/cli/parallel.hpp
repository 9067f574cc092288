// One function over many things, on several threads.
#ifndef TENURE_LIB_CLI_PARALLEL_HPP
#define TENURE_LIB_CLI_PARALLEL_HPP

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace tenure::cli {

constexpr unsigned most_threads = 256;

/// Calls `work(i)` for each i below `count`, each once, on at most `threads` threads, this one included: on
/// fewer where the system gives no more. Returns when all are done. The first exception ends the handing out,
/// and is thrown here.
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
  const auto wanted = std::min<std::size_t>(std::clamp(threads, 1U, most_threads), count);
  helpers.reserve(wanted);
  try {
    for (std::size_t i = 1; i < wanted; ++i) helpers.emplace_back(run);
  } catch (const std::system_error&) { // no more threads
  } catch (const std::bad_alloc&) {    // nor room for them
  }
  run();
  for (auto& each : helpers) each.join();
  if (first) std::rethrow_exception(first);
}

} // namespace tenure::cli

#endif
