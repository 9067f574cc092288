#include "cli/os/child.hpp"

#include "cli/line_splitter.hpp"
#include "cli/os/program.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__linux__)
#  include <sys/prctl.h>
#endif

extern "C" char** environ;

namespace tenure::cli {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t longest_output = 4096; // bytes that are kept of what it prints: its last words
constexpr int look_again = 20;               // ms after which a child that says nothing is looked at

// Signals that ask for an end. 0: none has.
volatile std::sig_atomic_t asked_to_end = 0;

/// Two ends of a pipe; the reading one never blocks. Not among the standard ones, which the child gets others
/// for, although those may be free in this process.
class pipe_ends {
public:
  pipe_ends() {
    std::array<int, 2> low{-1, -1};
    if (::pipe(low.data()) != 0) return;
    constexpr int first = 10;
    for (std::size_t i = 0; i != low.size(); ++i) ends_[i] = ::fcntl(low[i], F_DUPFD_CLOEXEC, first);
    const int why = errno;
    for (const int each : low) ::close(each);
    errno = why;
    if (open()) ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  ~pipe_ends() {
    for (int& each : ends_) close(each);
  }
  bool open() const noexcept { return ends_[0] >= 0 && ends_[1] >= 0; }
  int reading() const noexcept { return ends_[0]; }
  int writing() const noexcept { return ends_[1]; }
  void close_writing() noexcept { close(ends_[1]); }

  // What there is now, handed on in pieces; no more than a pipe holds, as the child may write faster than we
  // read. False at the end.
  template <class Take> bool read(Take take) const {
    std::array<char, 4096> buffer;
    for (int pieces = 0; pieces != 256; ++pieces) {
      const auto n = ::read(ends_[0], buffer.data(), buffer.size());
      if (n > 0) take(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
      if (n == 0) return false;
      if (n < 0 && errno != EINTR) return errno == EAGAIN;
    }
    return true;
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

// What a child ends with whose channel is gone.
constexpr int cut_off_status = 125;

#if defined(__APPLE__)
constexpr std::string_view library_path = "DYLD_LIBRARY_PATH=";
#else
constexpr std::string_view library_path = "LD_LIBRARY_PATH=";
#endif

/// This program's environment, with folders in front of those that its loader searches.
class child_environment {
public:
  explicit child_environment(const std::vector<std::string>& folders)
      : folders_(library_path) {
    std::string_view before;
    for (const auto& each : folders) folders_ += each + ':';
    for (char** each = environ; *each != nullptr; ++each) {
      const std::string_view one(*each);
      if (folders.empty() || !one.starts_with(library_path))
        all_.push_back(*each);
      else
        before = one.substr(library_path.size());
    }
    folders_ += before;
    if (before.empty()) folders_.pop_back(); // an empty entry would be the current folder
    if (!folders.empty()) all_.push_back(folders_.data());
    all_.push_back(nullptr);
  }
  child_environment(const child_environment&) = delete;
  child_environment& operator=(const child_environment&) = delete;
  char** get() noexcept { return all_.data(); }

private:
  std::string folders_;
  std::vector<char*> all_;
};

int start(const child_setup& how, const pipe_ends& results, const pipe_ends& output, pid_t& child) {
  const std::string program = own_program(), channel = std::to_string(channel_number);
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const auto& each : how.arguments) argv.push_back(const_cast<char*>(each.c_str()));
  argv.push_back(const_cast<char*>(channel.c_str()));
  argv.push_back(nullptr);
  child_environment environment(how.folders);
  spawn_setup setup;
  ::posix_spawn_file_actions_addopen(&setup.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&setup.files, output.writing(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&setup.files, output.writing(), STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&setup.files, results.writing(), channel_number);
  return ::posix_spawn(&child, program.c_str(), &setup.files, &setup.attributes, argv.data(),
                       environment.get());
}

/// A child that runs.
class watcher {
public:
  watcher(pid_t child, const pipe_ends& results, const pipe_ends& output, const line_listener& listener,
          child_end& into)
      : child_(child)
      , results_(results)
      , output_(output)
      , listener_(listener)
      , into_(into) {}
  watcher(const watcher&) = delete;
  watcher& operator=(const watcher&) = delete;
  // Also if the listener throws.
  ~watcher() {
    if (!ended_) end();
  }

  void watch(std::chrono::milliseconds limit) {
    auto end = clock::now() + limit;
    while (!has_ended()) {
      if (asked_to_end != 0) throw interrupted{asked_to_end};
      if (clock::now() >= end) return give_up();
      wait_for_words();
      if (read()) end = clock::now() + limit;
    }
    ::kill(-child_, SIGKILL); // whoever it left behind
    read();
  }

private:
  bool has_ended() {
    int status = 0;
    const auto got = ::waitpid(child_, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR)) return false;
    ended_ = true;
    if (got < 0)
      into_.words = std::strerror(errno);
    else if (WIFSIGNALED(status))
      into_.fate = child_fate::killed, into_.code = WTERMSIG(status), into_.words = ::strsignal(into_.code);
    else
      into_.code = WEXITSTATUS(status),
      into_.fate = into_.code == cut_off_status ? child_fate::cut_off : child_fate::exited;
    return true;
  }

  void end() noexcept {
    ended_ = true;
    ::kill(-child_, SIGKILL);
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  void give_up() {
    end();
    into_.fate = child_fate::timed_out;
    read();
  }

  void wait_for_words() const {
    std::array<pollfd, 2> both{{{open_results_ ? results_.reading() : -1, POLLIN, 0},
                                {open_output_ ? output_.reading() : -1, POLLIN, 0}}};
    ::poll(both.data(), both.size(), look_again);
  }

  // True if there was progress.
  bool read() {
    bool progress = false;
    const auto take_line = [&](std::string_view line) { progress = listener_(line) || progress; };
    if (open_results_)
      open_results_ = results_.read([&](std::string_view piece) { lines_.feed(piece, take_line); });
    if (open_output_) open_output_ = output_.read([&](std::string_view piece) { keep_last(piece); });
    return progress;
  }

  void keep_last(std::string_view piece) {
    into_.output += piece;
    if (into_.output.size() > longest_output) into_.output.erase(0, into_.output.size() - longest_output);
  }

  pid_t child_;
  const pipe_ends& results_;
  const pipe_ends& output_;
  const line_listener& listener_;
  child_end& into_;
  line_splitter lines_;
  bool open_results_ = true, open_output_ = true, ended_ = false;
};

unsigned long long identity_of(int descriptor) noexcept {
  struct stat about {};
  return ::fstat(descriptor, &about) == 0 ? static_cast<unsigned long long>(about.st_ino) : 0;
}

void die_with_parent(int channel) noexcept {
#if defined(__linux__)
  ::prctl(PR_SET_PDEATHSIG, SIGKILL); // by the parent's thread, which waits for us
#endif
  pollfd nobody_reads{channel, 0, 0};
  if (::poll(&nobody_reads, 1, 0) == 1 && (nobody_reads.revents & POLLERR) != 0) ::_exit(cut_off_status);
}

} // namespace

void expect_children() noexcept {
  std::signal(SIGCHLD, SIG_DFL); // whoever started us may have it ignored, and then ends are not told
  struct sigaction how {};
  how.sa_handler = [](int number) { asked_to_end = number; };
  how.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int each : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    ::sigaction(each, nullptr, &before);
    if (before.sa_handler == SIG_DFL) ::sigaction(each, &how, nullptr); // nohup ignores some
  }
}

void end_by(interrupted what) noexcept {
  std::signal(what.signal, SIG_DFL);
  ::raise(what.signal);
}

child_end run_child(const child_setup& setup, const line_listener& listener) {
  child_end result;
  pipe_ends results, output;
  pid_t child = -1;
  const bool piped = results.open() && output.open();
  const int failed = piped ? start(setup, results, output, child) : errno;
  if (failed != 0) {
    result.words = std::strerror(failed);
    return result;
  }
  results.close_writing(), output.close_writing();
  watcher(child, results, output, listener, result).watch(setup.limit);
  return result;
}

result_channel::result_channel(std::string_view argument) {
  int number = -1;
  std::from_chars(argument.data(), argument.data() + argument.size(), number);
  if (number < 0 || ::fcntl(number, F_SETFD, FD_CLOEXEC) != 0) return;
  handle_ = number, identity_ = identity_of(number);
  die_with_parent(number);
}

void result_channel::write(std::string_view text) noexcept {
  const int to = static_cast<int>(handle_);
  if (to >= 0 && identity_of(to) != identity_) ::_exit(cut_off_status);
  while (to >= 0 && !text.empty()) {
    const auto n = ::write(to, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return; // the parent is gone: there is nobody to tell
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

} // namespace tenure::cli
