// The trial, by fork(). Told by a pipe: a host may ignore its children, or reap them before us.
#include "os/fork.hpp"
#include "os/os.hpp"
#include "os/trial.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tenure::inline v1::os {
namespace {

constexpr int trial_patience = 10'000; // milliseconds; a big plug-in's initialisers take some hundred
constexpr char lived = 'l', has_exited = 'e', has_thrown = 't'; // the last one is followed by words
constexpr std::size_t most_words = 200;

int report_to = -1; // in the child only: the pipe's end

[[noreturn]] void tell(char what, const char* words = "") noexcept {
  char told[1 + most_words] = {what};
  const std::size_t size = std::min(std::strlen(words), most_words);
  std::memcpy(told + 1, words, size);
  while (::write(report_to, told, 1 + size) < 0 && errno == EINTR) {
  }
  ::_exit(0);
}

// The host's exit handlers would do in the child what they are to do once, in the host. This one runs before
// them.
void leave_by_exit() { tell(has_exited); }

// The host's crash reporters and its terminal are not the child's.
void become_nobody() noexcept {
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGTERM, SIGPIPE})
    ::signal(signal, SIG_DFL);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, stream);
}

[[noreturn]] void try_as_child(const char* path) noexcept {
  become_nobody();
  if (std::atexit(leave_by_exit) != 0) ::_exit(1);
  fault why;
  void* const module = os::open(path, {}, why);
  if (module != nullptr) static_cast<void>(os::close(module, why));
  const bool threw = why.cause == errc::initializer_threw || why.cause == errc::finalizer_threw;
  if (threw) tell(has_thrown, why.text.c_str());
  tell(lived);
}

// What the child told; 0 if it died without a word, -1 if time ran out.
int hear(int from) noexcept {
  pollfd wait{from, POLLIN, 0};
  int ready = 0;
  do ready = ::poll(&wait, 1, trial_patience);
  while (ready < 0 && errno == EINTR);
  if (ready == 0) return -1;
  char word = 0;
  return ::read(from, &word, 1) == 1 ? word : 0;
}

// What it threw, behind its word.
std::string hear_words(int from) {
  char words[most_words];
  const ssize_t size = ::read(from, words, sizeof words);
  const std::string said(words, size > 0 ? static_cast<std::size_t>(size) : 0);
  return "an initialiser or finaliser of it threw an exception" + (said.empty() ? "" : ": " + said);
}

// Where the host reaps its children itself, how this one ended is lost.
std::string how_it_died(pid_t child) {
  int status = 0;
  pid_t got = 0;
  do got = ::waitpid(child, &status, 0);
  while (got < 0 && errno == EINTR);
  if (got != child) return "it died";
  if (WIFSIGNALED(status))
    return fmt::format("it was killed by signal {}: {}", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  return fmt::format("it ended the process with status {}", WEXITSTATUS(status));
}

// No fork of another thread's waits for this one meanwhile, and none of ours for it.
pid_t double_process() noexcept {
  open_fork_gate();
  const pid_t child = ::fork();
  if (child != 0) close_fork_gate(); // the child's was closed for it
  return child;
}

} // namespace

bool can_try_in_child() noexcept { return true; }

bool survives_in_child(const std::string& path, std::string& what_became) {
  int ends[2];
  if (::pipe(ends) != 0) return true; // the real open says what the system lacks
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  const pid_t child = double_process();
  if (child == 0) {
    report_to = ends[1];
    try_as_child(path.c_str());
  }
  ::close(ends[1]);
  const int word = child > 0 ? hear(ends[0]) : lived;
  const std::string thrown = word == has_thrown ? hear_words(ends[0]) : std::string();
  ::close(ends[0]);
  if (word == -1) ::kill(child, SIGKILL);
  const std::string death = child > 0 ? how_it_died(child) : std::string();
  if (word == lived) return true;
  what_became = word == has_exited ? "it called exit"
                : word == has_thrown ? thrown
                : word == -1       ? fmt::format("it had not come back after {} s", trial_patience / 1000)
                                   : death;
  return false;
}

} // namespace tenure::inline v1::os
