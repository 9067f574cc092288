// periodic_sweep: Microsoft's rules for CoFreeUnusedLibrariesEx, on a virtual clock.
#include "policies/fixture.hpp"
#include "support/virtual_clock.hpp"

#include <tenure/policies/periodic_sweep.hpp>

#include <doctest/doctest.h>

#include <chrono>

using tenure::milliseconds;
using tenure::minutes;
using tenure::seconds;
using tenure_test::outcome_of;

namespace {

using tenure_test::closed;

struct swept {
  tenure_test::virtual_clock clock;
  tenure_test::fixture<tenure::policy::periodic_sweep> f;
  explicit swept(tenure::policy::periodic_sweep policy = tenure::policy::periodic_sweep(seconds(10)))
      : f(std::move(policy), clock.options()) {}

  void sweep_after(tenure::duration time) {
    clock.advance(time);
    static_cast<void>(f.modules.sweep());
  }
};

} // namespace

TEST_CASE("without a sweep nothing happens, however long it takes") {
  swept s;
  for (int i = 0; i != 3; ++i) {
    s.f.open_and_release(s.f.a);
    s.f.open_and_release(s.f.b);
    s.clock.advance(minutes(60 * 24));
  }
  CHECK(s.f.loaded(s.f.a));
  CHECK(s.f.loaded(s.f.b));
  CHECK(s.f.modules.stats().closes == 0);
}

TEST_CASE("the first sweep stamps, and the sweep at stamp + delay closes") {
  swept s;
  s.f.open_and_release(s.f.a);
  s.sweep_after(minutes(60)); // idle for an hour, but no sweep has seen it
  CHECK(s.f.loaded(s.f.a));
  s.sweep_after(seconds(10) - tenure::duration(1));
  CHECK(s.f.loaded(s.f.a));
  s.sweep_after(tenure::duration(1));
  CHECK(!s.f.loaded(s.f.a));
}

TEST_CASE("a delay for ever: no sweep closes, and nothing is due") {
  for (const tenure::duration for_ever : {tenure::never, tenure::duration(std::chrono::hours::max())}) {
    swept s{tenure::policy::periodic_sweep(for_ever)};
    s.f.open_and_release(s.f.a);
    for (int i = 0; i != 3; ++i) s.sweep_after(minutes(60 * 24));
    CHECK(s.f.loaded(s.f.a));
    CHECK(s.f.modules.next_due() == tenure::never);
  }
}

TEST_CASE("a sweep for what has been idle for ever closes nothing") {
  swept s;
  s.f.open_and_release(s.f.a);
  for (int i = 0; i != 3; ++i) {
    s.clock.advance(minutes(60 * 24));
    CHECK(s.f.modules.sweep(tenure::never).empty());
  }
  CHECK(s.f.loaded(s.f.a));
}

TEST_CASE("frequent sweeps never postpone") {
  swept s;
  s.f.open_and_release(s.f.a);
  s.sweep_after(milliseconds(0));
  for (int i = 0; i != 99; ++i) s.sweep_after(milliseconds(100));
  CHECK(s.f.loaded(s.f.a));
  s.sweep_after(milliseconds(100));
  CHECK(!s.f.loaded(s.f.a));
}

TEST_CASE("any use clears the stamp") {
  swept s;
  s.f.open_and_release(s.f.a);
  s.sweep_after(milliseconds(0));
  s.clock.advance(seconds(9));
  s.f.open_and_release(s.f.a);
  s.sweep_after(seconds(1)); // would have been due; stamped anew instead
  CHECK(s.f.loaded(s.f.a));
  s.sweep_after(seconds(10) - tenure::duration(1));
  CHECK(s.f.loaded(s.f.a));
  s.sweep_after(tenure::duration(1));
  CHECK(!s.f.loaded(s.f.a));
}

TEST_CASE("a use that takes no lock clears the stamp too, and the next sweep stamps anew") {
  swept s;
  tenure::module a = s.f.modules.open(s.f.a);
  const tenure::weak_module weak = a;
  a.reset();
  s.sweep_after(milliseconds(0));
  s.clock.advance(seconds(2));
  CHECK(weak.lock());
  s.sweep_after(seconds(1)); // this sweep stamps: due 10 s from here
  s.sweep_after(seconds(7)); // 10 s after the first stamp
  CHECK(s.f.loaded(s.f.a));
  s.sweep_after(seconds(3) - tenure::duration(1));
  CHECK(s.f.loaded(s.f.a));
  s.sweep_after(tenure::duration(1));
  CHECK(!s.f.loaded(s.f.a));
}

TEST_CASE("a module that is in use while a sweep passes is not stamped by it") {
  swept s;
  tenure::module a = s.f.modules.open(s.f.a);
  const tenure::weak_module weak = a;
  a.reset();
  a = weak.lock(); // in use, without the policy knowing
  s.sweep_after(milliseconds(0));
  s.clock.advance(seconds(5));
  a.reset();
  s.sweep_after(seconds(1)); // the first sweep that finds it idle: due 10 s from here
  s.sweep_after(seconds(10) - tenure::duration(1));
  CHECK(s.f.loaded(s.f.a));
  s.sweep_after(tenure::duration(1));
  CHECK(!s.f.loaded(s.f.a));
}

TEST_CASE("a delay of zero closes at the first sweep") {
  swept s{tenure::policy::periodic_sweep(tenure::duration(0))};
  s.f.open_and_release(s.f.a);
  CHECK(outcome_of(s.f.modules.sweep(), s.f.a) == closed);
  CHECK(!s.f.loaded(s.f.a));
}

TEST_CASE("a delay given for one call holds for that call alone") {
  swept s;
  s.f.open_and_release(s.f.a);
  s.sweep_after(milliseconds(0));
  s.clock.advance(seconds(3));
  CHECK(s.f.modules.sweep(seconds(4)).empty());
  CHECK(s.f.loaded(s.f.a));
  CHECK(outcome_of(s.f.modules.sweep(seconds(3)), s.f.a) == closed);
  s.f.open_and_release(s.f.b);
  CHECK(outcome_of(s.f.modules.sweep(tenure::duration(0)), s.f.b) == closed);
  s.f.open_and_release(s.f.c);
  s.sweep_after(seconds(4));
  s.sweep_after(seconds(4));
  CHECK(s.f.loaded(s.f.c));
}

TEST_CASE("a longer delay for one call keeps what the policy would close") {
  swept s;
  s.f.open_and_release(s.f.a);
  s.sweep_after(milliseconds(0));
  s.clock.advance(seconds(11));
  CHECK(s.f.modules.sweep(minutes(1)).empty());
  CHECK(s.f.loaded(s.f.a));
  CHECK(s.f.modules.sweep().count(tenure_test::closed_outcome()) == 1);
}

TEST_CASE("the default delay is ten minutes") {
  swept s{tenure::policy::periodic_sweep()};
  s.f.open_and_release(s.f.a);
  s.sweep_after(milliseconds(0));
  s.sweep_after(minutes(10) - tenure::duration(1));
  CHECK(s.f.loaded(s.f.a));
  s.sweep_after(tenure::duration(1));
  CHECK(!s.f.loaded(s.f.a));
}

TEST_CASE("next_due tells when a sweep finds something: never, at once, or at the oldest stamp + delay") {
  swept s;
  CHECK(s.f.modules.next_due() == tenure::never);
  s.f.open_and_release(s.f.a);
  CHECK(s.f.modules.next_due() <= s.f.modules.now());
  s.sweep_after(milliseconds(0));
  const tenure::time_point stamped = s.clock.now();
  CHECK(s.f.modules.next_due() == stamped + seconds(10));
  s.f.open_and_release(s.f.b);
  CHECK(s.f.modules.next_due() <= s.f.modules.now()); // else the second one's delay would begin with the first one's end
  s.sweep_after(seconds(1));
  CHECK(s.f.modules.next_due() == stamped + seconds(10));
  s.sweep_after(seconds(9));
  CHECK(s.f.modules.next_due() == stamped + seconds(11));
  s.sweep_after(seconds(1));
  CHECK(s.f.modules.next_due() == tenure::never);
}

TEST_CASE("each module has its own stamp, and one sweep closes all that are due") {
  swept s;
  s.f.open_and_release(s.f.a);
  s.sweep_after(milliseconds(0));
  s.f.open_and_release(s.f.b);
  s.sweep_after(seconds(5));
  s.f.open_and_release(s.f.c);
  s.sweep_after(seconds(5));
  CHECK(!s.f.loaded(s.f.a));
  CHECK(s.f.loaded(s.f.b));
  s.sweep_after(seconds(10));
  CHECK(!s.f.loaded(s.f.b));
  CHECK(!s.f.loaded(s.f.c));
  CHECK(s.f.modules.stats().closes == 3);
}
