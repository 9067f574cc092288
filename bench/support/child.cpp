#include "child.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr int wait_slice = 100; // milliseconds between two looks at the clock
constexpr char end_mark = '\4'; // the answer's last byte: all of it has arrived
using clock = std::chrono::steady_clock;

void redirect_output(const std::string& log) {
  const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return;
  dup2(file, STDOUT_FILENO);
  dup2(file, STDERR_FILENO);
}

void write_all(int to, const std::string& bytes) {
  std::size_t done = 0;
  while (done != bytes.size()) {
    const ssize_t n = write(to, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno != EINTR) return;
    if (n > 0) done += static_cast<std::size_t>(n);
  }
}

// _exit: finalisers of plug-ins that stay mapped are not part of the session.
[[noreturn]] void live(const std::function<std::string()>& body, int to, const std::string& log) {
  redirect_output(log);
  try {
    write_all(to, body() + end_mark);
    _exit(0);
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    _exit(3);
  }
}

// True when the child's end of the pipe is closed.
bool read_some(int from, std::string& answer) {
  pollfd ready{from, POLLIN, 0};
  if (poll(&ready, 1, wait_slice) <= 0) return false;
  char buffer[1 << 16];
  const ssize_t n = read(from, buffer, sizeof buffer);
  if (n > 0) answer.append(buffer, static_cast<std::size_t>(n));
  return n == 0 || (n < 0 && errno != EINTR);
}

std::string trouble_of(int status) {
  if (WIFSIGNALED(status))
    return fmt::format("killed by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return fmt::format("ended with exit status {}", WEXITSTATUS(status));
}

// A grandchild of a plug-in's making may hold the pipe open: the answer's last byte counts as its end too.
bool complete(const std::string& answer) { return !answer.empty() && answer.back() == end_mark; }

child_result watch(pid_t child, int from, std::chrono::milliseconds limit,
                   const std::function<void()>& meanwhile) {
  child_result result;
  const auto end = clock::now() + limit;
  bool late = false;
  while (!late && !complete(result.answer) && !read_some(from, result.answer)) {
    meanwhile();
    late = clock::now() >= end;
  }
  if (late) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  result.completed = complete(result.answer);
  if (result.completed)
    result.answer.pop_back();
  else
    result.trouble = late ? fmt::format("took more than {} s", limit.count() / 1000) : trouble_of(status);
  return result;
}

} // namespace

child_result run_child(const std::function<std::string()>& body, std::chrono::milliseconds limit,
                       const std::string& log, const std::function<void()>& meanwhile) {
  int ends[2];
  if (pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  std::fflush(nullptr); // or the child prints it again
  const pid_t child = fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) {
    close(ends[0]);
    live(body, ends[1], log);
  }
  close(ends[1]);
  child_result result = watch(child, ends[0], limit, meanwhile);
  close(ends[0]);
  return result;
}

} // namespace bench
