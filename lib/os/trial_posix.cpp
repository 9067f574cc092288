// The trial, by fork(). Told by a pipe: a host may ignore its children, or reap them before us.
#include "os/fork.hpp"
#include "os/trial.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tenure::inline v1::os {
namespace {

constexpr int trial_patience = 10'000; // milliseconds; a big plug-in's initialisers take some hundred
constexpr char lived = 'l', has_exited = 'e';

int report_to = -1; // in the child only: the pipe's end

void tell(char what) noexcept {
  while (::write(report_to, &what, 1) < 0 && errno == EINTR) {
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
  void* const module = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (module != nullptr) ::dlclose(module);
  tell(lived);
  std::abort(); // tell() does not return
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
  ::close(ends[0]);
  if (word == -1) ::kill(child, SIGKILL);
  const std::string death = child > 0 ? how_it_died(child) : std::string();
  if (word == lived) return true;
  what_became = word == has_exited ? "it called exit"
                : word == -1       ? fmt::format("it had not come back after {} s", trial_patience / 1000)
                                   : death;
  return false;
}

} // namespace tenure::inline v1::os
