// What a module's code holds of itself, through tenure_host, at times when its count is between two states.
#include "plugin/talkers.hpp"
#include "policies/all_policies.hpp"
#include "policies/fixture.hpp"
#include "support/closed.hpp"

#include <tenure/controller.hpp>
#include <tenure/policies/distributed.hpp>

#include <doctest/doctest.h>

#include <optional>

using tenure_test::is_loaded;
using tenure_test::is_mapped;
using tenure_test::policy_closes;
using tenure_test::talk;
using striped = talk<tenure::policy::distributed<>>;

namespace {

int builtin_value = 7;
constexpr int few_holds = 100;

std::uint32_t counted_in_word(const tenure::module& m) {
  return tenure::detail::count_of(tenure::detail::handle_access::record_of(m)->refs);
}

} // namespace

TEST_CASE_TEMPLATE_DEFINE("a call in flight holds its module while that is shut down, and nobody gets it back", P,
                          held_in_shutdown) {
  talk<P> s;
  tenure::module m = s.modules.open(s.a);
  const tenure::weak_module weak = m;
  {
    const tenure::guard inside = m.enter();
    static_cast<void>(tenure::controller(m).shutdown(tenure::seconds(0), tenure::shutdown_mode::force));
    CHECK(s.host_of_a->hold(s.host_of_a) == TENURE_YES);
    CHECK(s.host_of_a->hold(s.host_of_a) == TENURE_YES);
    CHECK(!weak.lock());
    s.host_of_a->drop(s.host_of_a);
    s.host_of_a->drop(s.host_of_a);
  }
  CHECK(s.host_of_a->hold(s.host_of_a) == TENURE_NO);
  CHECK(!weak.lock());
  CHECK(is_mapped(s.a)); // by the handle
  m.reset();
  static_cast<void>(s.modules.sweep()); // of counts in stripes: whose stack it was
  static_cast<void>(s.modules.sweep());
  if (policy_closes<P>) CHECK(!is_loaded(s.modules, s.a));
  CHECK(s.modules.open(s.a).template symbol<int()>("answer")() == 42);
}
TEST_CASE_TEMPLATE_APPLY(held_in_shutdown, tenure_test::all_policies);

TEST_CASE("what a refused plug-in took and gave back is not counted for the next module of its record") {
  std::optional<striped> s(std::in_place);
  s->when_a_loads = [](const tenure_host& h) {
    CHECK(h.hold(&h) == TENURE_YES);
    h.drop(&h);
    return talk_act::no;
  };
  tenure::failure why;
  CHECK(!s->modules.open(s->a, why));
  static const tenure::static_symbol symbols[] = {{"value", &builtin_value}};
  const tenure::module builtin = s->modules.add_static("builtin", symbols);
  const tenure::unload_report told = s->modules.report();
  CHECK(tenure_test::entry_of(told, "builtin")->references == 1);
  static_cast<void>(s->modules.sweep());
  s.reset();
  CHECK(std::string(builtin.path()) == "builtin");
  CHECK(*builtin.symbol<int>("value").get() == 7);
}

TEST_CASE("holds that come and go under a handle leave the word as it is") {
  striped s;
  const tenure::module m = s.modules.open(s.a);
  if (tenure::detail::handle_access::record_of(m)->stripe == 0) return; // no such counts here
  const std::uint32_t before = counted_in_word(m);
  for (int i = 0; i != few_holds; ++i) {
    CHECK(s.host_of_a->hold(s.host_of_a) == TENURE_YES);
    s.host_of_a->drop(s.host_of_a);
  }
  CHECK(counted_in_word(m) == before);
}
