#include "cli/os/child.hpp"

#include "cli/os/program.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" char** environ;

namespace tenure::cli {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t longest_output = 4096; // bytes that are kept of what it prints: its last words
constexpr int look_again = 20;               // ms after which a child that says nothing is looked at

/// Two ends of a pipe; the reading one never blocks.
class pipe_ends {
public:
  pipe_ends() {
    if (::pipe(ends_.data()) != 0) return;
    for (const int each : ends_) ::fcntl(each, F_SETFD, FD_CLOEXEC);
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  ~pipe_ends() {
    for (int& each : ends_) close(each);
  }
  bool open() const noexcept { return ends_[0] >= 0; }
  int reading() const noexcept { return ends_[0]; }
  int writing() const noexcept { return ends_[1]; }
  void close_writing() noexcept { close(ends_[1]); }

  // What there is now. False at the end.
  bool read(std::string& into) const {
    std::array<char, 4096> buffer;
    for (;;) {
      const auto n = ::read(ends_[0], buffer.data(), buffer.size());
      if (n > 0) into.append(buffer.data(), static_cast<std::size_t>(n));
      if (n == 0) return false;
      if (n < 0 && errno != EINTR) return errno == EAGAIN;
    }
  }

private:
  static void close(int& end) noexcept {
    if (end >= 0) ::close(end);
    end = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

class spawn_setup {
public:
  spawn_setup() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP); // its own children end with it
  }
  spawn_setup(const spawn_setup&) = delete;
  spawn_setup& operator=(const spawn_setup&) = delete;
  ~spawn_setup() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
};

// The channel gets this number in the child. A copy made by dup2 is inherited although its original is not.
constexpr int channel_number = 3;

int start(const std::vector<std::string>& arguments, const pipe_ends& results, const pipe_ends& output,
          pid_t& child) {
  const std::string program = own_program(), channel = std::to_string(channel_number);
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const auto& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
  argv.push_back(const_cast<char*>(channel.c_str()));
  argv.push_back(nullptr);
  spawn_setup setup;
  ::posix_spawn_file_actions_addopen(&setup.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&setup.files, output.writing(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&setup.files, output.writing(), STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&setup.files, results.writing(), channel_number);
  return ::posix_spawn(&child, program.c_str(), &setup.files, &setup.attributes, argv.data(), environ);
}

/// A child that runs.
class watcher {
public:
  watcher(pid_t child, const pipe_ends& results, const pipe_ends& output, child_end& into)
      : child_(child)
      , results_(results)
      , output_(output)
      , into_(into) {}

  void watch(clock::time_point end) {
    while (!has_ended()) {
      if (clock::now() >= end) return give_up();
      wait_for_words();
      read();
    }
    ::kill(-child_, SIGKILL); // whoever it left behind
    read();
  }

private:
  bool has_ended() {
    int status = 0;
    const auto got = ::waitpid(child_, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR)) return false;
    if (WIFSIGNALED(status)) {
      into_.fate = child_fate::killed, into_.code = WTERMSIG(status);
      into_.words = ::strsignal(into_.code);
    } else {
      into_.fate = child_fate::exited, into_.code = WEXITSTATUS(status);
    }
    return true;
  }

  void give_up() {
    ::kill(-child_, SIGKILL);
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    into_.fate = child_fate::timed_out;
    read();
  }

  void wait_for_words() const {
    std::array<pollfd, 2> both{{{open_results_ ? results_.reading() : -1, POLLIN, 0},
                                {open_output_ ? output_.reading() : -1, POLLIN, 0}}};
    ::poll(both.data(), both.size(), look_again);
  }

  void read() {
    open_results_ = open_results_ && results_.read(into_.results);
    open_output_ = open_output_ && output_.read(into_.output);
    if (into_.output.size() > longest_output) into_.output.erase(0, into_.output.size() - longest_output);
  }

  pid_t child_;
  const pipe_ends& results_;
  const pipe_ends& output_;
  child_end& into_;
  bool open_results_ = true, open_output_ = true;
};

} // namespace

child_end run_child(const std::vector<std::string>& arguments, std::chrono::milliseconds limit) {
  child_end result;
  pipe_ends results, output;
  pid_t child = -1;
  const bool piped = results.open() && output.open();
  const int failed = piped ? start(arguments, results, output, child) : errno;
  if (failed != 0) {
    result.words = std::strerror(failed);
    return result;
  }
  results.close_writing(), output.close_writing();
  watcher(child, results, output, result).watch(clock::now() + limit);
  return result;
}

result_channel::result_channel(std::string_view argument) {
  int number = -1;
  std::from_chars(argument.data(), argument.data() + argument.size(), number);
  if (number >= 0 && ::fcntl(number, F_SETFD, FD_CLOEXEC) == 0) handle_ = number;
}

void result_channel::write(std::string_view text) noexcept {
  while (handle_ >= 0 && !text.empty()) {
    const auto n = ::write(static_cast<int>(handle_), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return; // the parent is gone: there is nobody to tell
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

} // namespace tenure::cli
