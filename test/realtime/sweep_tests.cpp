// What a sweep has to look at.
#include "support/closed.hpp"
#include "support/modules.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <vector>

using tenure_test::module_path;

namespace {

// A periodic sweep that notes what it was asked.
struct noting {
  static constexpr bool parks = true;
  tenure::policy::periodic_sweep inner{tenure::minutes(1)};
  std::vector<bool>* told;

  void idled(tenure::idle_module& m, tenure::time_point now, tenure::idle_list& victims) {
    inner.idled(m, now, victims);
  }
  void revived(tenure::idle_module& m) { inner.revived(m); }
  void sweep(const tenure::sweep_request& request, tenure::idle_list& victims) {
    told->push_back(request.used);
    inner.sweep(request, victims);
  }
  void drain(tenure::idle_list& victims) { inner.drain(victims); }
  [[nodiscard]] tenure::time_point next_due() const { return inner.next_due(); }
};

} // namespace

TEST_CASE("a sweep is told to look for uses only where a module was revived since the last one") {
  std::vector<bool> told;
  tenure::manager<noting> modules(noting{{}, &told});
  tenure::weak_module weak = modules.open(module_path("basic"));
  const auto sweep = [&] {
    told.clear();
    static_cast<void>(modules.sweep());
    return told.front();
  };
  static_cast<void>(sweep());
  CHECK(!sweep());
  SUBCASE("without the mutex") { static_cast<void>(weak.lock()); }
  SUBCASE("by an open, which finds it parked") { static_cast<void>(modules.open(module_path("basic"))); }
  CHECK(sweep());
  CHECK(!sweep());
}

TEST_CASE("what was used between two sweeps and is idle again waits for its delay anew") {
  tenure::manager<tenure::policy::periodic_sweep> modules(
      tenure::policy::periodic_sweep(tenure::duration(0)));
  tenure::weak_module weak = modules.open(module_path("basic"));
  const auto resident_after_sweep = [&](tenure::duration delay) {
    static_cast<void>(modules.sweep(delay));
    return modules.stats().resident;
  };
  CHECK(resident_after_sweep(tenure::minutes(1)) == 1); // stamps it
  CHECK(weak.lock());
  CHECK(resident_after_sweep(tenure::minutes(1)) == 1); // and anew
  CHECK(resident_after_sweep(tenure::duration(0)) == tenure_test::left_behind(1));
  CHECK(!weak.lock());
}
