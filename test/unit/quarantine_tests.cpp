// Stale pointers into a module that is gone: they fault, and the fault is explained.
#include "support/scratch.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <csignal>
#include <cstdint>
#include <functional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

using tenure_test::scratch;

namespace {

using immediate = tenure::manager<tenure::policy::immediate>;
using function = int();

constexpr int handled = 77; // exit status of the application's own fault handler

tenure::manager_options keeping(tenure::quarantine how) {
  tenure::manager_options options;
  options.stale_pointers = how;
  return options;
}

// A function of a module that is gone. Kept as a number: a pointer would be what the reference scan looks
// for.
std::uintptr_t stale_function(immediate& modules, const std::string& file) {
  return reinterpret_cast<std::uintptr_t>(modules.open(file).symbol<function>("answer").get());
}

struct child_end {
  int status = 0;
  std::string said; // on its standard error output
};

child_end run_child(const std::function<void()>& body) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    body();
    ::_exit(0);
  }
  ::close(ends[1]);
  child_end end;
  char buffer[512];
  for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    end.said.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  ::waitpid(child, &end.status, 0);
  return end;
}

} // namespace

TEST_CASE("the next module does not come to lie where a quarantined one was") {
  const scratch folder;
  immediate modules(keeping(tenure::quarantine::reserve));
  const std::uintptr_t stale = stale_function(modules, folder.copy("basic"));
  for (const char* name : {"second", "third", "fourth"}) {
    const tenure::module next = modules.open(folder.copy(name));
    CHECK(reinterpret_cast<std::uintptr_t>(next.symbol<function>("answer").get()) != stale);
    std::error_code nobody;
    CHECK(!modules.containing(reinterpret_cast<const void*>(stale), nobody));
  }
}

TEST_CASE("a call through a stale pointer dies by a fault that names the module, its end and the offset") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  const child_end end = run_child([&] {
    ::signal(SIGSEGV, SIG_DFL); // a sanitizer's handler or doctest's would take over
    immediate modules(keeping(tenure::quarantine::explain));
    reinterpret_cast<function*>(stale_function(modules, file))();
  });
  CHECK(WIFSIGNALED(end.status));
  CHECK(WTERMSIG(end.status) == SIGSEGV);
  CHECK(end.said.find(file + "+0x") != std::string::npos);
  CHECK(end.said.find("was unloaded") != std::string::npos);
  CHECK(end.said.find("at a last release") != std::string::npos);
}

TEST_CASE("after the explanation the application's own fault handler runs") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  const child_end end = run_child([&] {
    ::signal(SIGSEGV, [](int) { ::_exit(handled); });
    immediate modules(keeping(tenure::quarantine::explain));
    reinterpret_cast<function*>(stale_function(modules, file))();
  });
  CHECK(WIFEXITED(end.status));
  CHECK(WEXITSTATUS(end.status) == handled);
  CHECK(end.said.find(file) != std::string::npos);
}

TEST_CASE("a fault that has nothing to do with a module is nobody's business") {
  const child_end end = run_child([&] {
    ::signal(SIGSEGV, [](int) { ::_exit(handled); });
    const immediate modules(keeping(tenure::quarantine::explain));
    volatile std::uintptr_t nowhere = 64; // volatile: the compiler would know better
    *reinterpret_cast<volatile int*>(nowhere) = 1;
  });
  CHECK(WEXITSTATUS(end.status) == handled);
  CHECK(end.said.empty());
}

TEST_CASE("ten thousand closes in quarantine keep a bounded number of addresses") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  immediate modules(keeping(tenure::quarantine::reserve));
  for (int i = 0; i != 10'000; ++i) REQUIRE(stale_function(modules, file) != 0);
  CHECK(modules.stats().closes == 10'000);
  CHECK(modules.stats().failures == 0);
}
