// Events where memory is refused: nothing is lost in silence, and a last release allocates nothing.
#include "faults/failing_new.hpp"
#include "support/scratch.hpp"

#include <tenure/observers/trace.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <new>
#include <string>

using kind = tenure::event_kind;
using tenure_test::scratch;

namespace {

using at_the_end = tenure::manager<tenure::policy::final_close>;

struct counter {
  void operator()(const tenure::event& e) noexcept {
    ++events;
    lost += e.lost;
    failures += e.kind == kind::failed ? 1 : 0;
    without_words += std::strcmp(e.detail, "(no memory for the words)") == 0 ? 1 : 0;
  }
  std::uint64_t events = 0, lost = 0, failures = 0, without_words = 0;
};

} // namespace

TEST_CASE("an observer that finds no memory for its events is not taken, and can be later") {
  counter told;
  at_the_end modules;
  int n = 1;
  for (bool refused = true; refused; ++n) {
    REQUIRE(n < 20);
    tenure_test::fail_allocation(n);
    try {
      modules.observe(told);
      refused = false;
    } catch (const std::bad_alloc&) {
    }
    CHECK(tenure_test::stop_failing() == refused);
  }
  CHECK(n > 2); // it does allocate
  modules.stop_observing();
  modules.observe(told);
}

TEST_CASE("a manager with an observer of its type is made whole or not at all") {
  using observed = tenure::manager<tenure::policy::immediate, tenure::departure_check::own_stack, counter>;
  int n = 1;
  for (bool refused = true; refused; ++n) {
    REQUIRE(n < 50);
    tenure_test::fail_allocation(n);
    try {
      const observed modules;
      refused = false;
    } catch (const std::bad_alloc&) {
    }
    if (tenure_test::stop_failing()) refused = true;
  }
  CHECK(n > 4);
}

TEST_CASE("a release and a revive that are told allocate nothing") {
  const scratch folder;
  counter told;
  at_the_end modules;
  modules.observe(told);
  const tenure::weak_module weak = modules.open(folder.copy("basic"));
  tenure::module m = weak.lock();
  const std::uint64_t before = told.events;
  tenure_test::fail_allocation(1);
  m.reset();
  m = weak.lock();
  CHECK(!tenure_test::stop_failing()); // nobody asked
  CHECK(told.events == before + 2);
  CHECK(told.lost == 0);
}

// Which allocation is the event's is not known, so each is refused in turn.
TEST_CASE("an event whose words find no memory is told without them") {
  const scratch folder;
  const std::string missing = folder.path("missing");
  counter told;
  at_the_end modules;
  modules.observe(told);
  bool refused = true;
  for (std::uint64_t n = 1; refused; ++n) {
    REQUIRE(n < 500);
    tenure::failure why;
    tenure_test::fail_allocation(static_cast<int>(n));
    const bool opened = static_cast<bool>(modules.open(missing, why));
    refused = tenure_test::stop_failing();
    CHECK(!opened);
    CHECK(why);
    REQUIRE(told.failures == n);
  }
  CHECK(told.without_words > 0);
}

TEST_CASE("a trace that finds no memory counts what it has not kept") {
  tenure::event_trace trace;
  tenure::event e;
  e.path = "/a/path/that/is/too/long/for/a/string/without/memory";
  tenure_test::fail_allocation(1);
  trace(e);
  REQUIRE(tenure_test::stop_failing());
  CHECK(trace.lost() == 1);
  trace(e);
  CHECK(trace.size() == 1);
}
