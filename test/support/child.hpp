// Children of fork(), which may hang.
#ifndef TENURE_TEST_CHILD_HPP
#define TENURE_TEST_CHILD_HPP

#include <doctest/doctest.h>

#include <functional>
#include <sys/wait.h>
#include <unistd.h>

namespace tenure_test {

// Runs `body` in a child; true if it returned true. `hang`: the seconds after which a child counts as hanging, and is
// killed by its alarm.
inline bool in_child(const std::function<bool()>& body, unsigned hang = 20) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(hang);
    ::_exit(body() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace tenure_test

#endif
