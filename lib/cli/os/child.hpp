// Runs this very program once more, as a child that may crash, hang or leave. The port of `check --load` and
// `bench`.
#ifndef TENURE_LIB_CLI_OS_CHILD_HPP
#define TENURE_LIB_CLI_OS_CHILD_HPP

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tenure::cli {

enum class child_fate : unsigned char {
  exited,      ///< `code` is what it gave to exit
  killed,      ///< by a signal or exception of number `code`
  timed_out,   ///< and was ended
  cut_off,     ///< it found that its channel was closed in it, and ended itself
  not_started, ///< `words` say why
};

struct child_end {
  child_fate fate = child_fate::not_started;
  int code = 0;
  std::string words;  ///< the system's: "Segmentation fault"
  std::string output; ///< the end of what it printed
};

struct child_setup {
  std::vector<std::string> arguments;
  std::vector<std::string> folders; ///< in which its loader looks first; not on Windows
  std::chrono::milliseconds limit;  ///< how long it may do nothing
};

/// Gets the lines that the child writes to its channel. True if the line tells of progress: then the child's
/// time begins anew.
using line_listener = std::function<bool(std::string_view line)>;

/// Thrown by `run_child` when a signal asks this program to end.
struct interrupted {
  int signal;
};

/// Once, before any child: from now on such a signal ends the children first. The same signal again ends this
/// program at once.
void expect_children() noexcept;

/// Ends this program by the signal.
void end_by(interrupted) noexcept;

/// Runs this program with the arguments and one more, which names its channel. Its standard input is empty.
/// When it has ended or its time is over, it and the processes that it started and that stayed in its group
/// are ended. Threads: any, several at once. Errors: `not_started`; std::bad_alloc; `interrupted`.
child_end run_child(const child_setup& setup, const line_listener& listener);

/// The child's side of the channel. What it writes is there for the parent, whatever becomes of the child.
class result_channel {
public:
  /// `argument`: the one that `run_child` added. From now on this process ends with its parent, where the
  /// system can see to that.
  explicit result_channel(std::string_view argument);
  /// Ends this process if the module has closed the channel, or opened something else in its place.
  void write(std::string_view text) noexcept;

private:
  long long handle_ = -1;
  unsigned long long identity_ = 0; // of what it was at first
};

} // namespace tenure::cli

#endif
