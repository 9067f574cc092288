// The vote of tenure/plugin.h: when it is asked for, and what a "no" does.
#include "plugin/talkers.hpp"
#include "policies/all_policies.hpp"
#include "policies/fixture.hpp"
#include "support/closed.hpp"
#include "support/until.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <thread>

using tenure::errc;
using tenure_test::is_gone;
using tenure_test::is_mapped;
using tenure_test::outcome_of;
using tenure_test::plugin_copy;
using tenure_test::policy_closes;
using tenure_test::talk;

using immediate = talk<tenure::policy::immediate>;
using at_the_end = talk<tenure::policy::final_close>;

TEST_CASE_TEMPLATE_DEFINE("under every policy a no keeps the module, is reported, and is asked again", P,
                          under_every_policy) {
  talk<P> s;
  talk_act says = talk_act::no;
  s.when_a_is_asked = [&] { return says; };
  static_cast<void>(s.modules.open(s.a));
  const std::string expected = policy_closes<P> ? "vetoed" : "kept";
  CHECK(outcome_of(s.modules.final_close(), s.a) == expected);
  CHECK(is_mapped(s.a));
  if (!policy_closes<P>) return;
  const int asked = s.asked();
  CHECK(asked > 0);
  CHECK(outcome_of(s.modules.sweep(), s.a) == "vetoed");
  CHECK(s.asked() == asked + 1);
  CHECK(s.modules.stats().vetoes == static_cast<std::uint64_t>(s.asked()));
  says = talk_act::yes;
  CHECK(outcome_of(s.modules.sweep(), s.a) == tenure::to_string(tenure_test::closed_outcome()));
  CHECK(is_gone(s.a));
}
TEST_CASE_TEMPLATE_APPLY(under_every_policy, tenure_test::all_policies);

TEST_CASE("a plain module is never asked, and goes") {
  immediate s;
  const std::string basic = s.folder.copy("basic");
  static_cast<void>(s.modules.open(basic));
  CHECK(is_gone(basic));
  CHECK(s.modules.stats().vetoes == 0);
}

TEST_CASE("the last release asks, and a module that says no is still whole") {
  immediate s;
  talk_act says = talk_act::no;
  s.when_a_is_asked = [&] { return says; };
  static_cast<void>(s.modules.open(s.a));
  CHECK(s.story == "laca");
  CHECK(outcome_of(s.modules.report(), s.a) == "vetoed");
  CHECK(s.modules.open(s.a).symbol<int()>("answer")() == 42);
  CHECK(s.modules.stats().loads == 1);
}

TEST_CASE("a forced close asks for no vote, but tells the module") {
  at_the_end s;
  s.when_a_is_asked = [] { return talk_act::no; };
  static_cast<void>(s.modules.open(s.a));
  static_cast<void>(s.modules.force_close());
  CHECK(s.story == "laua");
  CHECK(is_gone(s.a));
}

TEST_CASE("what is neither yes nor no keeps the module, and the report names what it answered") {
  for (const talk_act act : {talk_act::zero, talk_act::one, talk_act::throw_own, talk_act::throw_number}) {
    at_the_end s;
    s.when_a_is_asked = [&] { return act; };
    static_cast<void>(s.modules.open(s.a));
    const auto report = s.modules.final_close();
    const tenure::unload_entry* const e = tenure_test::entry_of(report, s.a);
    REQUIRE(e != nullptr);
    CHECK(e->outcome == tenure::unload_outcome::vetoed);
    const bool threw = act == talk_act::throw_own || act == talk_act::throw_number;
    CHECK(e->violation == (threw ? errc::hook_threw : errc::not_an_answer));
    CHECK(std::string(e->detail).find("tenure_can_unload") == 0);
    static_cast<void>(s.modules.open(s.b)); // the manager is as usable as before
    CHECK(outcome_of(s.modules.final_close(), s.b) == tenure::to_string(tenure_test::closed_outcome()));
    static_cast<void>(s.modules.force_close());
  }
}

TEST_CASE("a vote that opens its own module keeps it, and deadlocks nobody") {
  immediate s;
  tenure::module own;
  s.when_a_is_asked = [&] {
    if (!own) own = s.modules.open(s.a);
    return talk_act::yes;
  };
  static_cast<void>(s.modules.open(s.a));
  CHECK(own.symbol<int()>("answer")() == 42);
  CHECK(s.modules.stats().loads == 1);
  CHECK(outcome_of(s.modules.report(), s.a) == "busy");
}

TEST_CASE("a vote that opens its own module for a moment is asked again, and then it goes") {
  immediate s;
  int times = 0;
  s.when_a_is_asked = [&] {
    if (++times == 1) CHECK(s.modules.open(s.a));
    return talk_act::yes;
  };
  static_cast<void>(s.modules.open(s.a));
  static_cast<void>(s.modules.sweep());
  CHECK(is_gone(s.a));
}

TEST_CASE("a vote may open, release, sweep and close everything else") {
  immediate s;
  tenure::module b = s.modules.open(s.b);
  s.when_a_is_asked = [&] {
    b.reset();
    static_cast<void>(s.modules.sweep());
    static_cast<void>(s.modules.final_close());
    CHECK(s.modules.open(s.b));
    return talk_act::yes;
  };
  static_cast<void>(s.modules.open(s.a));
  CHECK(is_gone(s.a));
  CHECK(is_gone(s.b));
}

TEST_CASE("while one thread asks for a vote, others use the manager and even the module") {
  immediate s;
  tenure_test::signal asking, go_on;
  s.when_a_is_asked = [&] {
    asking.set();
    CHECK(go_on.wait());
    return talk_act::yes;
  };
  std::thread releaser([&] { static_cast<void>(s.modules.open(s.a)); });
  REQUIRE(asking.wait());
  const tenure::module a = s.modules.open(s.a); // does not wait for the answer
  static_cast<void>(s.modules.final_close());
  CHECK(s.modules.open(s.b).symbol<int()>("answer")() == 42);
  go_on.set();
  releaser.join();
  CHECK(a.symbol<int()>("answer")() == 42);
  CHECK(s.modules.stats().loads == 2);
}

TEST_CASE("a sweep and a final close at the same time ask once, and the module goes") {
  at_the_end s;
  tenure_test::signal asking, go_on;
  s.when_a_is_asked = [&] {
    asking.set();
    CHECK(go_on.wait());
    return talk_act::yes;
  };
  static_cast<void>(s.modules.open(s.a));
  std::thread sweeping([&] { static_cast<void>(s.modules.sweep()); });
  REQUIRE(asking.wait());
  CHECK(outcome_of(s.modules.final_close(), s.a) == "deferred");
  CHECK(is_mapped(s.a));
  go_on.set();
  sweeping.join();
  CHECK(outcome_of(s.modules.final_close(), s.a) == tenure::to_string(tenure_test::closed_outcome()));
  CHECK(is_gone(s.a));
  CHECK(s.asked() == 2);
}

TEST_CASE("a manager that ends leaves what votes no to later safe points of its thread") {
  tenure_test::talkers s;
  talk_act says = talk_act::no;
  s.when_a_is_asked = [&] { return says; };
  {
    tenure::manager<tenure::policy::immediate> modules;
    static_cast<void>(modules.open(s.a));
  }
  CHECK(is_mapped(s.a));
  says = talk_act::yes;
  tenure::manager<> other;
  static_cast<void>(other.open(s.b)); // an open is a safe point
  CHECK(is_gone(s.a));
}

TEST_CASE("a plug-in in plain C votes, is told its host, and holds itself") {
  tenure_test::scratch folder;
  std::string file;
  try {
    file = plugin_copy(folder, "in_c");
  } catch (const std::runtime_error&) {
    MESSAGE("skipped: no C compiler built it");
    return;
  }
  tenure::manager<tenure::policy::immediate> modules;
  tenure::module m = modules.open(file);
  m.symbol<void(int)>("more")(1);
  CHECK(m.symbol<int()>("hold_myself")() == 1);
  void (*const let_go)() = m.symbol<void()>("let_myself_go").get();
  void (*const more)(int) = m.symbol<void(int)>("more").get();
  m.reset();
  CHECK(outcome_of(modules.report(), file) == "busy");
  let_go();
  CHECK(is_mapped(file));
  CHECK(outcome_of(modules.sweep(), file) == "vetoed");
  more(-1); // as a thread of its own would
  static_cast<void>(modules.sweep());
  CHECK(is_gone(file));
}
