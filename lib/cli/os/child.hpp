// Runs this very program once more, as a child that may crash, hang or leave. The port of `check --load`.
#ifndef TENURE_LIB_CLI_OS_CHILD_HPP
#define TENURE_LIB_CLI_OS_CHILD_HPP

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace tenure::cli {

enum class child_fate : unsigned char {
  exited,      ///< `code` is what it gave to exit
  killed,      ///< by a signal or exception of number `code`
  timed_out,   ///< and was ended
  not_started, ///< `words` say why
};

struct child_end {
  child_fate fate = child_fate::not_started;
  int code = 0;
  std::string words;   ///< the system's: "Segmentation fault"
  std::string results; ///< what it wrote to its channel
  std::string output;  ///< the end of what it printed
};

/// Runs this program with the arguments and one more, which names its channel. Its standard input is empty.
/// When it has ended or the time is over, it and the processes that it started and that stayed in its group
/// are ended. Threads: any, several at once. Errors: `not_started`; std::bad_alloc.
child_end run_child(const std::vector<std::string>& arguments, std::chrono::milliseconds limit);

/// The child's side of the channel. What it writes is there for the parent, whatever becomes of the child.
class result_channel {
public:
  /// `argument`: the one that `run_child` added.
  explicit result_channel(std::string_view argument);
  void write(std::string_view text) noexcept;

private:
  long long handle_ = -1;
};

} // namespace tenure::cli

#endif
