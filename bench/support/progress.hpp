// A progress bar on a terminal; elsewhere a line for each thing that is done.
#ifndef TENURE_BENCH_SUPPORT_PROGRESS_HPP
#define TENURE_BENCH_SUPPORT_PROGRESS_HPP

#include <cstddef>
#include <string>

namespace bench {

// Writes to the standard error output, so that the tables can be redirected without it.
class progress {
public:
  progress();
  void begin(std::string what, std::size_t total);
  void set(std::size_t done);
  // Replaces the bar by what came of it.
  void end(const std::string& result);

private:
  bool terminal_;
  std::string what_;
  std::size_t total_ = 0;
  std::size_t shown_ = 0; // in hundredths: the same picture is not drawn twice
};

} // namespace bench

#endif
