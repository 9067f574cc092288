// A child of fork() in whose parent another thread was inside the loader.
#include "support/scratch.hpp"
#include "turn/slow_initialiser.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

using tenure_test::scratch;
using tenure_test::slow_initialiser;

namespace {
constexpr unsigned hang = 60; // seconds after which the child is killed by its alarm
}

// The fork has waited for the initialiser for a second, and has gone ahead.
TEST_CASE("a child in whose parent a thread stood in the loader waits for nobody") {
  const scratch folder;
  tenure::manager<tenure::policy::immediate> modules;
  const std::string slow = folder.copy("hooked_a"), wanted = folder.copy("basic");
  int status = 0;
  {
    const slow_initialiser standing(modules, slow, nullptr); // nothing here that needs the loader
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(hang);
      ::_exit(modules.open(wanted, {.patience = tenure::duration(0)}).symbol<int()>("answer")() == 42 ? 0 : 1);
    }
    ::waitpid(child, &status, 0);
  }
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
