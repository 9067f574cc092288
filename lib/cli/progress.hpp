// A bar on the standard error output, for whoever waits at a terminal.
#ifndef TENURE_LIB_CLI_PROGRESS_HPP
#define TENURE_LIB_CLI_PROGRESS_HPP

#include <atomic>
#include <cstddef>
#include <mutex>

namespace tenure::cli {

/// Drawn only on a terminal, and gone when it is destroyed. Threads: `step` from any.
class progress {
public:
  explicit progress(std::size_t total);
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  ~progress();

  void step();

private:
  void draw(bool last);

  const std::size_t total_;
  const bool shown_;
  std::atomic<std::size_t> done_{0};
  std::mutex drawing_; // one line at a time
};

} // namespace tenure::cli

#endif
