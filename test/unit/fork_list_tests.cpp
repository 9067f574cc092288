// The loader's list has a lock that glibc does not make anew in the child of a fork: nobody forks while a
// call of ours has it. A program of its own, for it stands between us and the loader.
#include "support/scratch.hpp"
#include "support/thread_state.hpp"

#include <tenure/controller.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

std::atomic<bool> asking{false}, about_to_fork{false};
std::atomic<int> asked{0}, forked_meanwhile{0};
thread_local bool watched = false;

// Linux: the process's first thread has the process's number.
bool first_thread_sleeps() {
  return tenure_test::thread_state(static_cast<std::uint64_t>(::getpid())) == 'S';
}

void before_the_gate() { about_to_fork = true; }
void behind_the_gate() {
  about_to_fork = false;
  if (asking) ++forked_meanwhile;
}

// Until the first thread waits for us, or does not.
void let_it_fork() {
  const int before = forked_meanwhile;
  asking = true;
  while (!about_to_fork && forked_meanwhile == before) std::this_thread::yield();
  while (forked_meanwhile == before && !first_thread_sleeps()) std::this_thread::yield();
  asking = false;
}

} // namespace

extern "C" int dl_iterate_phdr(int (*tell)(dl_phdr_info*, std::size_t, void*), void* context) {
  static const auto real =
      reinterpret_cast<decltype(&dl_iterate_phdr)>(::dlsym(RTLD_NEXT, "dl_iterate_phdr"));
  if (watched) {
    ++asked;
    watched = false; // what is called from here is the test's
    let_it_fork();
    watched = true;
  }
  return real(tell, context);
}

namespace {

void use_all_that_may_ask() {
  const tenure_test::scratch folder;
  tenure::manager<tenure::policy::immediate, tenure::departure_check::references> modules;
  watched = true;
  tenure::failure why;
  {
    const tenure::module held = modules.open(folder.copy("basic"));
    CHECK(!held.symbol<int()>("no_such_symbol", why));
    CHECK(!held.symbol<int()>("nor_this_one", why));
    CHECK(modules.containing(held.symbol<char>("answer").get()) == held);
    CHECK(modules.adopt(::dlopen(held.path(), RTLD_LAZY)) == held);
    CHECK(!modules.final_close().all_gone()); // looks for who holds it
  }
  tenure::module over = modules.open(folder.copy("second"));
  tenure::controller end(over);
  over.reset();
  CHECK(end.shutdown(tenure::duration{}, tenure::shutdown_mode::force));
  static_cast<void>(modules.final_close());
  watched = false;
}

} // namespace

TEST_CASE("nobody forks while a call of ours has the loader's list") {
  // The last to be called, for it is the first to be known.
  ::pthread_atfork(behind_the_gate, nullptr, nullptr);
  { const tenure::manager<> first_of_all; }
  ::pthread_atfork(before_the_gate, nullptr, nullptr);
  std::atomic<bool> done{false};
  std::thread user([&] {
    use_all_that_may_ask();
    done = true;
  });
  while (!done) {
    if (!asking) {
      std::this_thread::yield();
      continue;
    }
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    int status = 0;
    ::waitpid(child, &status, 0);
  }
  user.join();
  CHECK(asked.load() >= 5);
  CHECK(forked_meanwhile.load() == 0);
  MESSAGE("asked ", asked.load(), " times");
}
