// file_check::trial: what would end this process ends a child instead, and is an error here.
#include "support/closed.hpp"
#include "support/cxx_runtime.hpp"
#include "support/hook.hpp"
#include "support/sanitizers.hpp"
#include "support/scratch.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

using tenure::errc;
using tenure_test::scratch;

namespace {

tenure::manager_options careful() {
  tenure::manager_options options;
  options.check = tenure::file_check::trial;
  return options;
}

// Opens a module that does `in_child` at an event of its life in the child, and nothing in this process.
tenure::failure open_one_that(module_event when, const std::function<void()>& in_child) {
  const pid_t here = ::getpid();
  const tenure_test::hook hook([&](const std::string&, module_event what) {
    if (what == when && ::getpid() != here) in_child();
  });
  const scratch folder;
  const std::string file = folder.copy("hooked_a");
  tenure::manager<tenure::policy::immediate> modules(careful());
  tenure::failure why;
  const tenure::module m = modules.open(file, why);
  CHECK(static_cast<bool>(m) != static_cast<bool>(why));
  CHECK(tenure_test::is_mapped(file) == static_cast<bool>(m));
  return why;
}

bool says(const tenure::failure& why, const char* words) {
  return std::string(why.what()).find(words) != std::string::npos;
}

} // namespace

TEST_CASE("a module whose initialiser crashes is refused, and the message names the signal") {
  const tenure::failure why = open_one_that(module_event::initialised, [] { ::raise(SIGSEGV); });
  CHECK(why.code() == errc::trial_failed);
  CHECK_MESSAGE((says(why, "signal 11") || tenure_test::address_sanitizer), why.what());
}

TEST_CASE("a module whose initialiser throws is refused, with what it threw") {
  const tenure::failure why =
      open_one_that(module_event::initialised, [] { throw std::runtime_error("there is no licence"); });
  CHECK(why.code() == errc::trial_failed);
  if (!tenure_test::one_cxx_runtime) return; // there it ends the process
  CHECK_MESSAGE(says(why, "threw an exception"), std::string(why.what()));
  CHECK_MESSAGE(says(why, "there is no licence"), std::string(why.what()));
}

TEST_CASE("a module whose finaliser crashes is refused") {
  // Where nothing is unmapped, a trial cannot see it: finalisers run at the end of a process only, and not of
  // a child's.
  const errc expected = tenure_test::loader_unmaps() ? errc::trial_failed : errc::ok;
  CHECK(open_one_that(module_event::finalised, [] { ::raise(SIGBUS); }).code() == expected);
}

TEST_CASE("a module whose initialiser calls exit is refused, and no exit handler of the host runs for it") {
  static int told[2];
  REQUIRE(::pipe(told) == 0);
  const int added = std::atexit([] { static_cast<void>(!::write(told[1], "x", 1)); });
  REQUIRE(added == 0);
  const tenure::failure why = open_one_that(module_event::initialised, [] { std::exit(3); });
  CHECK(why.code() == errc::trial_failed);
  CHECK_MESSAGE(says(why, "exit"), why.what());
  ::close(told[1]);
  char word = 0;
  CHECK(::read(told[0], &word, 1) == 0);
  ::close(told[0]);
}

TEST_CASE("a module that ends its process at once is refused with the status") {
  const tenure::failure why = open_one_that(module_event::initialised, [] { ::_exit(7); });
  CHECK(why.code() == errc::trial_failed);
  CHECK_MESSAGE(says(why, "status 7"), why.what());
}

TEST_CASE("a module that lives through it is loaded, and leaves as any other") {
  CHECK(open_one_that(module_event::finalised, [] {}).code() == errc::ok);
}

TEST_CASE("what the loader refuses is told by the real open, not by the trial") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<> modules(careful());
  tenure::failure why;
  CHECK_FALSE(modules.open(folder.write("text.so", "not a module"), why));
  CHECK(why.code() == errc::not_a_shared_library);
  CHECK(modules.open(file).symbol<int()>("answer")() == 42);
}

TEST_CASE("a host that ignores its children can try modules too") {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  CHECK(open_one_that(module_event::initialised, [] { ::raise(SIGSEGV); }).code() == errc::trial_failed);
  CHECK(open_one_that(module_event::initialised, [] {}).code() == errc::ok);
  std::signal(SIGCHLD, before);
}

TEST_CASE("no child is left behind") {
  static_cast<void>(open_one_that(module_event::initialised, [] { ::raise(SIGKILL); }));
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}
