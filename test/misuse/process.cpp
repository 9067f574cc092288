#include "process.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

extern "C" char** environ;

namespace misuse {
namespace {

using clock = std::chrono::steady_clock;

pid_t start(const std::vector<std::string>& arguments, int output) {
  std::vector<char*> argv{const_cast<char*>("misuse")};
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP); // its own children end with it
  pid_t child = -1;
  const int failure = ::posix_spawn(&child, "/proc/self/exe", &files, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (failure != 0) throw std::runtime_error("posix_spawn fails");
  return child;
}

// Reads until the child and its children have closed their end, or the time is over.
bool read_until(int from, clock::time_point end, std::string& output) {
  char buffer[4096];
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - clock::now()).count();
    pollfd waiting{from, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, left < 0 ? 0 : static_cast<int>(left));
    if (ready == 0) return false;
    if (ready < 0 && errno == EINTR) continue;
    const ssize_t n = ::read(from, buffer, sizeof buffer);
    if (n <= 0) return true;
    output.append(buffer, static_cast<std::size_t>(n));
  }
}

} // namespace

process_end run_self(const std::vector<std::string>& arguments, std::chrono::milliseconds limit) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 fails");
  const pid_t child = start(arguments, ends[1]);
  ::close(ends[1]);
  process_end result;
  result.in_time = read_until(ends[0], clock::now() + limit, result.output);
  ::close(ends[0]);
  if (!result.in_time) ::kill(-child, SIGKILL);
  ::waitpid(child, &result.status, 0);
  return result;
}

} // namespace misuse
