// A child of fork() goes on with its observer, whatever the parent's threads were telling.
#include "events/listener.hpp"
#include "support/child.hpp"
#include "support/sanitizers.hpp"
#include "support/scratch.hpp"
#include "support/until.hpp"

#include <tenure/observers/trace.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>

using kind = tenure::event_kind;
using tenure_test::in_child;
using tenure_test::listener;
using tenure_test::scratch;

TEST_CASE("while another thread is telling, a child is told what it does itself") {
  const scratch folder;
  const std::string a = folder.copy("basic"), b = folder.copy("second");
  tenure_test::signal busy, done;
  listener told;
  tenure::manager<tenure::policy::final_close> modules;
  told.then = [&](const tenure::event& e) {
    if (e.path != a || e.kind != kind::opened) return;
    busy.set();
    CHECK(done.wait());
  };
  modules.observe(told);
  std::thread first([&] { static_cast<void>(modules.open(a)); });
  REQUIRE(busy.wait());
  CHECK(in_child([&] {
    static_cast<void>(modules.open(b));
    const bool heard = told.story(b) == "loaded opened idled";
    modules.stop_observing(); // and nobody is waited for who is not here
    return heard;
  }));
  done.set();
  first.join();
  CHECK(told.story(b).empty());
}

TEST_CASE("an observer may fork") {
  const scratch folder;
  const std::string a = folder.copy("basic"), b = folder.copy("second");
  listener told;
  bool child_did = false;
  tenure::manager<tenure::policy::final_close> modules;
  told.then = [&](const tenure::event& e) {
    if (e.path == a && e.kind == kind::opened)
      child_did = in_child([&] { return static_cast<bool>(modules.open(b)); });
  };
  modules.observe(told);
  static_cast<void>(modules.open(a));
  CHECK(child_did);
}

TEST_CASE("children find a trace that they can use, while the parent's threads fill it" *
          doctest::skip(tenure_test::thread_sanitizer || // its child has no threads, and waits for them
                        !tenure_test::allocator_survives_fork)) {
  const scratch folder;
  const std::string file = folder.copy("basic"), other = folder.copy("second");
  tenure::event_trace trace(1'000); // full soon: each child draws all of it
  tenure::manager<tenure::policy::immediate> modules;
  modules.observe(trace);
  std::atomic<bool> stop{false};
  std::thread user([&] {
    while (!stop) static_cast<void>(modules.open(file));
  });
  int good = 0;
  for (int i = 0; i != 50; ++i)
    good += in_child([&] {
      const auto seen = [&] { return trace.size() + trace.lost(); };
      const std::uint64_t before = seen();
      static_cast<void>(modules.open(other));
      return seen() >= before + 4 && trace.json().size() > 0;
    });
  stop = true;
  user.join();
  CHECK(good == 50);
}
