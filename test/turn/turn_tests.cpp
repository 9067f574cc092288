// A call that finds another thread in the system's loader waits for it, but not for ever.
#include "os/os.hpp"
#include "support/emulated.hpp"
#include "support/mapped.hpp"
#include "support/scratch.hpp"
#include "turn/slow_initialiser.hpp"

#include <doctest/doctest.h>

using tenure_test::is_mapped;
using tenure_test::scratch;
using tenure_test::slow_initialiser;

namespace {

using immediate = tenure::manager<tenure::policy::immediate>;

// As long as a wait must last to be one.
constexpr tenure::duration little = tenure::milliseconds(20);

bool contains(const char* text, const std::string& part) {
  return std::string(text).find(part) != std::string::npos;
}

#if defined(__linux__) && defined(__GLIBC__)
constexpr bool waits_are_seen = !tenure_test::emulated;
#else
constexpr bool waits_are_seen = false;
#endif

} // namespace

TEST_CASE(
    "an open waits for another thread's initialiser as long as it is told to, and then says who is there" *
    doctest::skip(!tenure::os::loads_one_by_one())) {
  const scratch folder;
  immediate modules;
  const std::string slow = folder.copy("hooked_a"), wanted = folder.copy("basic");
  slow_initialiser standing(modules, slow, nullptr);
  tenure::failure why;
  CHECK(!modules.open(wanted, {.patience = little}, why));
  CHECK(why.code() == tenure::errc::loader_busy);
  CHECK(std::string(why.path()) == wanted);
  CHECK(contains(why.what(), "loading " + slow));
  CHECK(contains(why.what(), "thread "));
  CHECK(!contains(why.what(), "waits for this thread"));
  CHECK(modules.stats().failures == 1);
  standing.let_go();
  CHECK(modules.open(wanted, {.patience = little}).symbol<int()>("answer")() == 42);
}

TEST_CASE("an open of the very module that another thread initialises waits no longer") {
  const scratch folder;
  immediate modules;
  const std::string slow = folder.copy("hooked_a");
  slow_initialiser standing(modules, slow, nullptr);
  tenure::failure why;
  CHECK(!modules.open(slow, {.patience = little}, why));
  CHECK(why.code() == tenure::errc::loader_busy);
  CHECK(contains(why.what(), "loading " + slow));
  standing.let_go();
  CHECK(modules.open(slow).symbol<int()>("answer")() == 42);
}

TEST_CASE("what is in use is opened while another thread stands in the loader, without any patience") {
  const scratch folder;
  immediate modules;
  const std::string slow = folder.copy("hooked_a"), used = folder.copy("basic");
  const tenure::module held = modules.open(used);
  const slow_initialiser standing(modules, slow, nullptr);
  CHECK(modules.open(used, {.patience = tenure::duration(1)}) == held);
}

TEST_CASE(
    "an initialiser that waits for a mutex of ours is told from one that is slow, and needs no patience" *
    doctest::skip(!waits_are_seen)) {
  const scratch folder;
  immediate modules;
  const std::string slow = folder.copy("hooked_a"), wanted = folder.copy("basic");
  std::mutex of_the_host;
  std::unique_lock held(of_the_host);
  slow_initialiser standing(modules, slow, [&] { const std::scoped_lock lock(of_the_host); });
  for (const std::string& file : {wanted, slow}) {
    tenure::failure why;
    CHECK(!modules.open(file, {.patience = tenure::duration(0)}, why)); // no limit: it would wait for ever
    CHECK(why.code() == tenure::errc::loader_busy);
    CHECK(contains(why.what(), "loading " + slow));
    CHECK(contains(why.what(), "waits for this thread"));
  }
  held.unlock();
  standing.let_go();
  CHECK(modules.open(wanted).symbol<int()>("answer")() == 42);
  CHECK(modules.final_close().all_gone());
}

TEST_CASE("an initialiser that joins the thread which opens is seen to wait for it, too" *
          doctest::skip(!waits_are_seen)) {
  const scratch folder;
  immediate modules;
  const std::string slow = folder.copy("hooked_a"), wanted = folder.copy("basic");
  tenure::failure why;
  {
    slow_initialiser standing(modules, slow, [&] {
      std::thread([&] {
        static_cast<void>(modules.open(wanted, {.patience = tenure::duration(0)}, why));
      }).join();
    });
    standing.let_go();
  }
  CHECK(why.code() == tenure::errc::loader_busy);
  CHECK(contains(why.what(), "waits for this thread"));
}

TEST_CASE("a close that finds the loader standing still is put off, says so, and is done later" *
          doctest::skip(!waits_are_seen)) {
  const scratch folder;
  immediate modules;
  const std::string slow = folder.copy("hooked_a"), used = folder.copy("basic");
  tenure::module held = modules.open(used);
  std::mutex of_the_host;
  std::unique_lock lock(of_the_host);
  slow_initialiser standing(modules, slow, [&] { const std::scoped_lock waits(of_the_host); });
  held.reset();
  CHECK(is_mapped(used));
  const auto report = modules.report();
  for (const tenure::unload_entry& e : report) {
    if (std::string(e.path) != used) continue;
    CHECK(e.outcome == tenure::unload_outcome::deferred);
    CHECK(contains(e.detail, "loading " + slow));
  }
  CHECK(report.count(tenure::unload_outcome::deferred) == 1);
  lock.unlock();
  standing.let_go();
  static_cast<void>(modules.sweep()); // unless the other thread's safe point was faster
  CHECK(modules.report().count(tenure::unload_outcome::deferred) == 0);
  CHECK(!is_mapped(used));
}

TEST_CASE("an initialiser opens further modules while others wait for it") {
  const scratch folder;
  immediate modules;
  const std::string outer = folder.copy("hooked_a"), inner = folder.copy("basic");
  int answer = 0;
  const tenure_test::hook opens([&](const std::string&, module_event what) {
    if (what == module_event::initialised)
      answer = modules.open(inner, {.patience = tenure::duration(1)}).symbol<int()>("answer")();
  });
  static_cast<void>(modules.open(outer));
  CHECK(answer == 42);
  CHECK(modules.final_close().count(tenure::unload_outcome::busy) == 0);
}
