// What a policy hears of a use: the time, if it asks for it, and which file it is.
#include "policies/fixture.hpp"
#include "support/virtual_clock.hpp"

#include <tenure/policies/adaptive.hpp>
#include <tenure/policies/limit_idle_bytes.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

using tenure::idle_module;
using tenure::time_point;
namespace policy = tenure::policy;

static_assert(tenure::times_revives<policy::adaptive>);
static_assert(tenure::times_revives<policy::limit_idle_bytes<policy::adaptive, 1>>);
static_assert(!tenure::times_revives<policy::keep_warm<4>>);
static_assert(!tenure::times_revives<policy::limit_idle_bytes<policy::keep_warm<4>, 1>>);

namespace {

struct seen {
  std::vector<time_point> revived, loaded;
  std::vector<std::uint64_t> identities, uses;
};

// Keeps everything, and notes what it hears.
template <bool Times> class listener {
public:
  static constexpr bool reads_time = Times;
  explicit listener(seen& s)
      : seen_(&s) {}
  void idled(idle_module& m, time_point, tenure::idle_list&) {
    seen_->loaded.push_back(m.loaded_at());
    seen_->identities.push_back(m.identity());
    seen_->uses.push_back(m.use_count());
    kept_.push_back(m);
  }
  void revived(idle_module& m) requires(!Times) { kept_.remove(m); }
  void revived(idle_module& m, time_point now) requires Times {
    seen_->revived.push_back(now);
    kept_.remove(m);
  }
  void sweep(const tenure::sweep_request&, tenure::idle_list&) {}
  void drain(tenure::idle_list& victims) { victims.append(kept_); }
  [[nodiscard]] time_point next_due() const { return tenure::never; }

private:
  seen* seen_;
  tenure::idle_list kept_;
};

template <bool Times> struct listening {
  seen heard;
  tenure_test::virtual_clock clock{tenure::seconds(100)};
  int looks = 0; // at the clock
  tenure_test::fixture<listener<Times>> f{listener<Times>(heard), options()};

  tenure::manager_options options() {
    tenure::manager_options o;
    o.clock.now = [](void* self) noexcept {
      ++static_cast<listening*>(self)->looks;
      return static_cast<listening*>(self)->clock.now();
    };
    o.clock.context = this;
    return o;
  }
};

} // namespace

TEST_CASE("a policy that asks for it is told when a module is used again") {
  listening<true> w;
  w.f.open_and_release(w.f.a);
  w.clock.advance(tenure::seconds(7));
  w.f.open_and_release(w.f.a);
  w.clock.advance(tenure::seconds(1));
  w.f.open_and_release(w.f.a);
  CHECK(w.heard.revived == std::vector<time_point>{tenure::seconds(107), tenure::seconds(108)});
  CHECK(w.heard.loaded == std::vector<time_point>(3, tenure::seconds(100)));
}

TEST_CASE("for a policy that does not, nobody looks at the clock") {
  listening<false> w;
  for (int i = 0; i != 5; ++i) w.f.open_and_release(w.f.a);
  CHECK(w.f.modules.stats().revives == 4);
  CHECK(w.looks == 0);
}

TEST_CASE("a file has one identity however often it is loaded, and another file has another") {
  listening<true> w;
  for (int i = 0; i != 3; ++i) {
    w.f.open_and_release(w.f.a);
    w.f.open_and_release(w.f.b);
    static_cast<void>(w.f.modules.final_close());
  }
  const auto& seen = w.heard.identities;
  REQUIRE(seen.size() == 6);
  CHECK(seen[0] != 0);
  CHECK(seen[1] != 0);
  CHECK(seen[0] != seen[1]);
  CHECK(seen == std::vector<std::uint64_t>{seen[0], seen[1], seen[0], seen[1], seen[0], seen[1]});
}

TEST_CASE("uses are counted from the load on") {
  listening<true> w;
  for (int i = 0; i != 2; ++i) {
    for (int k = 0; k != 3; ++k) w.f.open_and_release(w.f.a);
    static_cast<void>(w.f.modules.final_close());
    w.clock.advance(tenure::seconds(1));
  }
  CHECK(w.heard.uses == std::vector<std::uint64_t>{1, 2, 3, 1, 2, 3});
  CHECK(w.heard.loaded[3] == tenure::seconds(101));
}
