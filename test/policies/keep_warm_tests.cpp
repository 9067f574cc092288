// keep_warm<N, Ttl>: at most N idle modules, least recently used first out, each for at most Ttl.
#include "policies/fixture.hpp"
#include "support/virtual_clock.hpp"

#include <tenure/policies/keep_warm.hpp>

#include <doctest/doctest.h>

#include <cstdint>

using tenure::seconds;
using tenure::policy::keep_warm;

namespace {

template <class P> struct warm {
  tenure_test::virtual_clock clock;
  tenure_test::fixture<P> f{clock.options()};
  explicit warm(tenure::time_point start = seconds(1'000))
      : clock(start) {}

  // What is still loaded of a, b and c, as letters.
  [[nodiscard]] std::string loaded() const {
    return std::string(f.loaded(f.a) ? "a" : "") + (f.loaded(f.b) ? "b" : "") + (f.loaded(f.c) ? "c" : "");
  }
  void sweep_after(tenure::duration time) {
    clock.advance(time);
    static_cast<void>(f.modules.sweep());
  }
};

using two_for_four_seconds = keep_warm<2, seconds(4)>;

} // namespace

TEST_CASE("one more than N idle modules closes the least recently used") {
  warm<two_for_four_seconds> w;
  w.f.open_and_release(w.f.a);
  w.f.open_and_release(w.f.b);
  CHECK(w.loaded() == "ab");
  w.f.open_and_release(w.f.c);
  CHECK(w.loaded() == "bc");
}

TEST_CASE("kept warm for ever: time alone closes nothing, and nothing is due") {
  warm<keep_warm<2, tenure::never>> w;
  w.f.open_and_release(w.f.a);
  for (int i = 0; i != 3; ++i) w.sweep_after(tenure::minutes(60 * 24));
  CHECK(w.loaded() == "a");
  CHECK(w.f.modules.next_due() == tenure::never);
}

TEST_CASE("modules in use do not count against N") {
  warm<two_for_four_seconds> w;
  const tenure::module held = w.f.modules.open(w.f.a);
  w.f.open_and_release(w.f.b);
  w.f.open_and_release(w.f.c);
  CHECK(w.loaded() == "abc");
  CHECK(w.f.modules.stats().closes == 0);
}

TEST_CASE("a hit makes a module the most recently used") {
  warm<two_for_four_seconds> w;
  w.f.open_and_release(w.f.a);
  w.f.open_and_release(w.f.b);
  w.f.open_and_release(w.f.a);
  w.f.open_and_release(w.f.c);
  CHECK(w.loaded() == "ac");
}

TEST_CASE("a hit that takes no lock does so too") {
  warm<two_for_four_seconds> w;
  tenure::module a = w.f.modules.open(w.f.a);
  const tenure::weak_module weak = a;
  a.reset();
  w.f.open_and_release(w.f.b);
  CHECK(weak.lock());
  w.f.open_and_release(w.f.c);
  CHECK(w.loaded() == "ac");
}

TEST_CASE("a sweep closes what has been idle for Ttl, and not a nanosecond earlier") {
  warm<two_for_four_seconds> w;
  w.f.open_and_release(w.f.a);
  w.sweep_after(seconds(4) - tenure::duration(1));
  CHECK(w.loaded() == "a");
  w.sweep_after(tenure::duration(1));
  CHECK(w.loaded().empty());
}

TEST_CASE("without a sweep the next last release finds what has expired") {
  warm<two_for_four_seconds> w;
  w.f.open_and_release(w.f.a);
  w.clock.advance(seconds(100));
  CHECK(w.loaded() == "a");
  w.f.open_and_release(w.f.b);
  CHECK(w.loaded() == "b");
}

TEST_CASE("a hit renews the time") {
  warm<two_for_four_seconds> w;
  w.f.open_and_release(w.f.a);
  for (int i = 0; i != 5; ++i) {
    w.clock.advance(seconds(3));
    w.f.open_and_release(w.f.a);
  }
  w.sweep_after(seconds(3));
  CHECK(w.loaded() == "a");
  CHECK(w.f.modules.stats().loads == 1);
  w.sweep_after(seconds(5));
  CHECK(w.loaded().empty());
}

TEST_CASE("a module that was used without a lock does not keep another beyond its time") {
  warm<two_for_four_seconds> w;
  tenure::module a = w.f.modules.open(w.f.a);
  const tenure::weak_module weak = a;
  a.reset();
  w.clock.advance(seconds(1));
  CHECK(weak.lock());
  w.clock.advance(seconds(1));
  w.f.open_and_release(w.f.b); // idle since 2 s
  w.sweep_after(seconds(2));   // a would have expired, but was used: it stays
  CHECK(w.loaded() == "ab");
  w.sweep_after(seconds(2)); // b has been idle for 4 s
  CHECK(w.loaded() == "a");
}

TEST_CASE("N = 0 keeps nothing") {
  warm<keep_warm<0, seconds(4)>> w;
  w.f.open_and_release(w.f.a);
  CHECK(w.loaded().empty());
}

TEST_CASE("Ttl = 0 keeps nothing") {
  warm<keep_warm<4, seconds(0)>> w;
  w.f.open_and_release(w.f.a);
  CHECK(w.loaded().empty());
}

TEST_CASE("a clock that wraps round goes on being right") {
  warm<two_for_four_seconds> w{tenure::time_point(INT64_MAX - 1'000'000'000)}; // one second before
  w.f.open_and_release(w.f.a);
  w.sweep_after(seconds(3));
  CHECK(w.clock.now() < tenure::time_point());
  CHECK(w.loaded() == "a");
  w.sweep_after(seconds(1));
  CHECK(w.loaded().empty());
}

TEST_CASE("next_due is the end of the first module's time, or never") {
  warm<two_for_four_seconds> w;
  CHECK(w.f.modules.next_due() == tenure::never);
  w.f.open_and_release(w.f.a);
  const auto first = w.clock.now();
  w.clock.advance(seconds(1));
  w.f.open_and_release(w.f.b);
  CHECK(w.f.modules.next_due() == first + seconds(4));
  w.sweep_after(seconds(3));
  CHECK(w.loaded() == "b");
  CHECK(w.f.modules.next_due() == first + seconds(5));
}

TEST_CASE("a sweep with a delay of its own closes by that one") {
  warm<two_for_four_seconds> w;
  w.f.open_and_release(w.f.a);
  w.clock.advance(seconds(2));
  CHECK(w.f.modules.sweep(seconds(3)).empty());
  CHECK(tenure_test::all_closed(w.f.modules.sweep(seconds(2))));
  CHECK(w.loaded().empty());
}
