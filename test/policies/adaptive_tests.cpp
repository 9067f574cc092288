// adaptive: how long each module is kept follows from what its uses have been. What that costs is in
// test/simulator.
#include "policies/fixture.hpp"
#include "support/virtual_clock.hpp"

#include <tenure/policies/adaptive.hpp>

#include <doctest/doctest.h>

#include <cstdint>

using tenure::duration;
using tenure::policy::adaptive;

namespace {

duration times(duration d, double factor) {
  return duration(static_cast<std::int64_t>(static_cast<double>(d.nanoseconds) * factor));
}

struct world {
  tenure_test::virtual_clock clock;
  tenure_test::fixture<adaptive> f{clock.options()};

  // By its load time and size, which were measured.
  [[nodiscard]] duration break_even(const std::string& file) const {
    const tenure::module_list all = f.modules.modules();
    for (const tenure::module_info& m : all)
      if (file == m.path)
        return duration(static_cast<std::int64_t>(static_cast<double>(m.load_time.nanoseconds) * 1e9 *
                                                  1048576 / (static_cast<double>(m.bytes) * 100'000)));
    FAIL("not loaded: " << file);
    return {};
  }
  void use_after(const std::string& file, duration gap) {
    clock.advance(gap);
    static_cast<void>(f.modules.sweep());
    f.open_and_release(file);
  }
  // For so many break-even times, and swept as soon as that is due.
  void stay_away(const std::string& file, double factor) {
    const duration gap = times(break_even(file), factor);
    const duration keep = time_to_close();
    if (keep < gap) {
      clock.advance(keep);
      static_cast<void>(f.modules.sweep());
    }
    clock.advance(keep < gap ? gap - keep : gap);
  }
  [[nodiscard]] duration time_to_close() const {
    const tenure::time_point due = f.modules.next_due();
    return due == tenure::never ? duration() : due - clock.now();
  }
};

bool about(duration a, duration b) { return times(a, 0.99) < b && b < times(a, 1.01); }

} // namespace

TEST_CASE("what nothing is known of is kept until that has cost as much as its load") {
  world w;
  w.f.open_and_release(w.f.a);
  const duration keep = w.time_to_close();
  CHECK(about(keep, w.break_even(w.f.a)));
  w.clock.advance(keep - duration(1));
  CHECK(w.f.modules.sweep().empty());
  w.clock.advance(duration(1));
  CHECK(tenure_test::all_closed(w.f.modules.sweep()));
  CHECK(!w.f.loaded(w.f.a));
  CHECK(w.f.modules.next_due() == tenure::never);
}

TEST_CASE("without a sweep the next last release closes what is due") {
  world w;
  w.f.open_and_release(w.f.a);
  w.clock.advance(times(w.break_even(w.f.a), 1.1));
  w.f.open_and_release(w.f.b);
  CHECK(!w.f.loaded(w.f.a));
}

TEST_CASE("a module that comes back before or a little later than break-even is kept until it does") {
  world w;
  w.f.open_and_release(w.f.a);
  for (int i = 0; i != 30; ++i)
    w.use_after(w.f.a, times(w.break_even(w.f.a), 0.9)); // saves what is dared then
  for (int i = 0; i != 30; ++i) {
    w.stay_away(w.f.a, 0.3);
    w.f.open_and_release(w.f.a);
    w.stay_away(w.f.a, 1.1);
    w.f.open_and_release(w.f.a);
  }
  CHECK(w.time_to_close() > times(w.break_even(w.f.a), 3));
}

TEST_CASE("a dear idle MiB makes for a short time") {
  world w;
  tenure::manager<adaptive> dear(adaptive(tenure::milliseconds(100)), w.clock.options());
  static_cast<void>(dear.open(w.f.a));
  const tenure::module_list all = dear.modules();
  REQUIRE(all.begin() != all.end());
  const double bytes = static_cast<double>(all.begin()->bytes);
  const double keep = static_cast<double>(all.begin()->load_time.nanoseconds) * 10 * 1048576 / bytes;
  CHECK(about(dear.next_due() - w.clock.now(), duration(static_cast<std::int64_t>(keep))));
}

TEST_CASE("a sweep with a delay of its own closes by that one") {
  world w;
  w.f.open_and_release(w.f.a);
  const duration keep = w.time_to_close();
  w.clock.advance(times(keep, 0.5));
  CHECK(w.f.modules.sweep(keep).empty());
  CHECK(tenure_test::all_closed(w.f.modules.sweep(times(keep, 0.4))));
  CHECK(!w.f.loaded(w.f.a));
}

TEST_CASE("a pinned module is not closed when its time is over, and has a new one after") {
  world w;
  tenure::pin pin = w.f.modules.open(w.f.a).pin();
  w.clock.advance(tenure::minutes(600));
  static_cast<void>(w.f.modules.sweep());
  CHECK(w.f.loaded(w.f.a));
  CHECK(w.f.modules.next_due() == tenure::never);
  pin.reset();
  CHECK(w.time_to_close() > duration());
}
