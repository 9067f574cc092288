// Children of fork(), which may hang.
#ifndef TENURE_TEST_CHILD_HPP
#define TENURE_TEST_CHILD_HPP

#include <doctest/doctest.h>

#include <csignal>
#include <functional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace tenure_test {

// Runs `body` in a child; true if it returned true, else a message says how the child ended. `hang`: the
// seconds after which a child counts as hanging, and is killed by its alarm.
inline bool in_child(const std::function<bool()>& body, unsigned hang = 20) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(hang);
    ::_exit(body() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  const std::string way = WIFEXITED(status) ? "exit status " + std::to_string(WEXITSTATUS(status))
                                            : "signal " + std::to_string(WTERMSIG(status)) +
                                                  (WTERMSIG(status) == SIGALRM ? ": it hung" : "");
  WARN_MESSAGE(good, "the child ended with ", way);
  return good;
}

} // namespace tenure_test

#endif
