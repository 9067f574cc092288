// What every policy keeps, also one that a user wrote. A policy's own promise is in its own file.
#include "policies/all_policies.hpp"
#include "policies/fixture.hpp"
#include "support/system_loader.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <vector>

using tenure_test::all_closed;
using tenure_test::fixture;
using tenure_test::is_mapped;
using tenure_test::loader_unmaps;
using tenure_test::look_for_releases;
using tenure_test::looks_for_releases;
using tenure_test::outcome_of;
using tenure_test::policy_closes;
using tenure_test::unmaps;

// One claim, for every policy.
#define CONTRACT(claim, name)                                                                                \
  template <class P> void name();                                                                            \
  TEST_CASE_TEMPLATE_DEFINE(claim, P, name##_case) { name<P>(); }                                            \
  TEST_CASE_TEMPLATE_APPLY(name##_case, tenure_test::all_policies);                                          \
  template <class P> void name()

namespace {

// After a final close with no handle left: everything was closed, unless the policy keeps pages, and nothing
// of ours is in the process, unless its loader does.
template <class P> void check_all_closed(fixture<P>& f) {
  const auto report = f.modules.final_close();
  CHECK(report.complete());
  for (const std::string& file : {f.a, f.b, f.c}) CHECK((!policy_closes<P> || !f.loaded(file)));
  const tenure::manager_stats stats = f.modules.stats();
  CHECK(stats.active == 0);
  if (!policy_closes<P>) return;
  CHECK(stats.closes == stats.loads);
  CHECK(all_closed(f.modules.report()));
  CHECK(stats.resident == f.modules.report().size());
  CHECK(stats.lingers == (loader_unmaps() ? 0 : stats.closes));
}

} // namespace

CONTRACT("an active module is never closed", active_stays) {
  fixture<P> f;
  const tenure::module held = f.modules.open(f.a);
  for (int i = 0; i != 5; ++i) {
    f.open_and_release(f.b);
    f.open_and_release(f.c);
    static_cast<void>(f.modules.sweep());
    static_cast<void>(f.modules.sweep(tenure::duration(0)));
    static_cast<void>(f.modules.final_close());
  }
  CHECK(f.loaded(f.a));
  CHECK(held.template symbol<int()>("answer")() == 42);
  CHECK(outcome_of(f.modules.report(), f.a) == "busy");
  CHECK(tenure_test::entry_of(f.modules.report(), f.a)->loads == 1);
}

CONTRACT("a release below the last closes nothing", below_the_last) {
  fixture<P> f;
  const tenure::module first = f.modules.open(f.a);
  for (int i = 0; i != 10; ++i) {
    const tenure::module second = f.modules.open(f.a);
    const tenure::module copy = second;
    CHECK(second == first);
  }
  CHECK(f.loaded(f.a));
  CHECK(f.modules.stats().loads == 1);
  CHECK(f.modules.stats().closes == 0);
}

CONTRACT("a module that is still loaded after its last release comes back without a load", revive) {
  fixture<P> f;
  const void* const before = f.modules.open(f.a).native_handle();
  const bool kept = f.loaded(f.a);
  const tenure::module again = f.modules.open(f.a);
  CHECK(f.modules.stats().loads == (kept ? 1u : 2u));
  if (!looks_for_releases<P>) CHECK(f.modules.stats().revives == (kept ? 1u : 0u));
  CHECK((!kept || again.native_handle() == before));
  CHECK(again.template symbol<int()>("answer")() == 42);
}

CONTRACT("a weak handle gives the module while it is loaded, and nothing after", weak_lock) {
  fixture<P> f;
  tenure::module held = f.modules.open(f.a);
  const tenure::weak_module weak = held;
  CHECK(weak.lock() == held);
  held.reset();
  const bool kept = f.loaded(f.a);
  CHECK(static_cast<bool>(weak.lock()) == kept);
  static_cast<void>(f.modules.final_close());
  CHECK(static_cast<bool>(weak.lock()) == !policy_closes<P>);
  CHECK(f.modules.stats().loads == 1);
}

CONTRACT("a weak handle that revives makes the module active", weak_revives) {
  fixture<P> f;
  const tenure::weak_module weak = f.modules.open(f.a);
  const tenure::module revived = weak.lock();
  f.open_and_release(f.b);
  f.open_and_release(f.c);
  static_cast<void>(f.modules.final_close());
  CHECK(f.loaded(f.a) == (static_cast<bool>(revived) || !policy_closes<P>));
  CHECK((!revived || revived.template symbol<int()>("answer")() == 42));
}

CONTRACT("a pinned module stays whatever is asked, and goes when it is asked after the last pin", pins) {
  fixture<P> f;
  tenure::pin pin = f.modules.open(f.a).pin();
  tenure::pin second = pin;
  pin.reset();
  static_cast<void>(f.modules.sweep(tenure::duration(0)));
  CHECK(outcome_of(f.modules.final_close(), f.a) == "pinned");
  CHECK(f.loaded(f.a));
  CHECK(f.modules.open(f.a).template symbol<int()>("answer")() == 42);
  CHECK(f.modules.stats().loads == 1);
  second.reset();
  check_all_closed(f);
}

CONTRACT("a final close leaves what is active alone, reports it busy, and may be repeated",
         final_close_repeats) {
  fixture<P> f;
  const tenure::module held = f.modules.open(f.a);
  f.open_and_release(f.b);
  CHECK(outcome_of(f.modules.final_close(), f.a) == "busy");
  const auto closes = f.modules.stats().closes;
  CHECK(f.loaded(f.b) == !policy_closes<P>);
  CHECK(outcome_of(f.modules.final_close(), f.a) == "busy");
  CHECK(f.modules.stats().closes == closes);
  CHECK(held.template symbol<int()>("answer")() == 42);
}

CONTRACT("a manager works again after a final close", works_after_final_close) {
  fixture<P> f;
  for (int i = 0; i != 3; ++i) {
    CHECK(f.modules.open(f.a).template symbol<int()>("answer")() == 42);
    static_cast<void>(f.modules.final_close());
    CHECK(f.loaded(f.a) == !policy_closes<P>);
  }
  CHECK(f.modules.stats().loads == (policy_closes<P> ? 3u : 1u));
}

CONTRACT("a final close of an empty manager reports nothing", empty) {
  fixture<P> f;
  CHECK(f.modules.final_close().empty());
  CHECK(f.modules.sweep().empty());
  CHECK(f.modules.next_due() == tenure::never);
}

CONTRACT("modules are opened and released in any order, and all are gone in the end", any_order) {
  fixture<P> f;
  for (int round = 0; round != 20; ++round) {
    tenure::module a = f.modules.open(f.a);
    tenure::module b = f.modules.open(f.b);
    if (round % 2 == 0) a.reset();
    tenure::module c = f.modules.open(f.c);
    if (round % 3 == 0) b.reset();
    CHECK(c.template symbol<int(int, int)>("add")(round, 1) == round + 1);
    CHECK(f.loaded(f.c));
  }
  check_all_closed(f);
}

CONTRACT("an error unloads nothing", errors_unload_nothing) {
  fixture<P> f;
  f.open_and_release(f.a);
  f.open_and_release(f.b);
  const bool a_was = f.loaded(f.a);
  const bool b_was = f.loaded(f.b);
  const auto closes = f.modules.stats().closes;
  tenure::failure why;
  CHECK(!f.modules.open(f.folder.path("absent"), why));
  CHECK(!f.modules.open(f.folder.write("text.so", "not a module"), why));
  CHECK(!f.modules.open("", why));
  CHECK(!f.modules.containing(&why, why));
  CHECK(f.modules.stats().closes == closes);
  CHECK(f.loaded(f.a) == a_was);
  CHECK(f.loaded(f.b) == b_was);
}

CONTRACT("a failed look-up in a module leaves it as it was", failed_symbol) {
  fixture<P> f;
  const tenure::module held = f.modules.open(f.a);
  tenure::failure why;
  CHECK(!held.template symbol<int()>("absent", why));
  CHECK(why.code() == tenure::errc::symbol_not_found);
  CHECK(tenure_test::entry_of(f.modules.report(), f.a)->references == 1);
  CHECK(f.loaded(f.a));
}

CONTRACT("handles may go after their manager, and the last one takes the module with it", handles_outlive) {
  const tenure_test::scratch folder;
  const std::string a = folder.copy("basic");
  const std::string b = folder.copy("second");
  tenure::module held;
  {
    tenure::manager<P> modules;
    held = modules.open(a);
    static_cast<void>(modules.open(b));
  }
  CHECK(is_mapped(b) == !unmaps<P>());
  CHECK(is_mapped(a));
  CHECK(held.template symbol<int()>("answer")() == 42);
  held.reset();
  look_for_releases<P>();
  CHECK(is_mapped(a) == !unmaps<P>());
}

CONTRACT("a pin or a weak handle that outlives the manager is harmless", pins_outlive) {
  const tenure_test::scratch folder;
  const std::string a = folder.copy("basic");
  tenure::pin pin;
  tenure::weak_module weak;
  {
    tenure::manager<P> modules;
    const tenure::module held = modules.open(a);
    pin = held.pin();
    weak = held;
  }
  CHECK(is_mapped(a));
  CHECK(weak.lock());
  pin.reset();
  look_for_releases<P>();
  CHECK(is_mapped(a) == !unmaps<P>());
  CHECK(!weak.lock());
}

CONTRACT("a manager that is moved takes its modules with it", moved) {
  fixture<P> f;
  const tenure::module held = f.modules.open(f.a);
  {
    tenure::manager<P> other = std::move(f.modules);
    CHECK(other.open(f.a) == held);
    f.modules = std::move(other);
  }
  CHECK(outcome_of(f.modules.report(), f.a) == "busy");
}

CONTRACT("the system's references are balanced: another holder's handle is neither lost nor left behind",
         balanced) {
  fixture<P> f;
  void* const other = tenure_test::raw_open(f.a);
  REQUIRE(other != nullptr);
  for (int i = 0; i != 10; ++i) {
    f.open_and_release(f.a);
    f.open_and_release(f.b);
    static_cast<void>(f.modules.final_close());
    CHECK(is_mapped(f.a));
  }
  tenure_test::raw_close(other);
  CHECK(is_mapped(f.a) == !unmaps<P>());
}

CONTRACT("the last release from inside the module leaves its code mapped until control is out", from_inside) {
  fixture<P> f;
  tenure::module held = f.modules.open(f.a);
  const auto call_back = held.template symbol<int(void (*)(void*), void*)>("call_back").get();
  struct inside {
    fixture<P>& f;
    tenure::module& held;
  } context{f, held};
  const auto release = [](void* data) {
    auto& in = *static_cast<inside*>(data);
    in.held.reset();
    static_cast<void>(in.f.modules.sweep(tenure::duration(0)));
    static_cast<void>(in.f.modules.final_close());
    CHECK(in.f.loaded(in.f.a));
  };
  CHECK(call_back(release, &context) == 1);
  check_all_closed(f);
}

CONTRACT("a module deferred from inside can be used again before it goes", deferred_is_revived) {
  fixture<P> f;
  tenure::module held = f.modules.open(f.a);
  const auto call_back = held.template symbol<int(void (*)(void*), void*)>("call_back").get();
  CHECK(call_back([](void* handle) { static_cast<tenure::module*>(handle)->reset(); }, &held) == 1);
  CHECK(f.loaded(f.a));
  held = f.modules.open(f.a);
  static_cast<void>(f.modules.final_close());
  CHECK(held.template symbol<int()>("answer")() == 42);
  CHECK(f.modules.stats().loads == 1);
  held.reset();
  check_all_closed(f);
}

CONTRACT("two managers hold one module each for itself", two_managers) {
  fixture<P> f;
  tenure::manager<P> other;
  tenure::module theirs = other.open(f.a);
  f.open_and_release(f.a);
  static_cast<void>(f.modules.final_close());
  CHECK(is_mapped(f.a));
  CHECK(theirs.template symbol<int()>("answer")() == 42);
  theirs.reset();
  static_cast<void>(other.final_close());
  CHECK(is_mapped(f.a) == !unmaps<P>());
  static_cast<void>(f.modules.sweep()); // it lingered here while the other held it
  CHECK(f.modules.stats().resident == (unmaps<P>() ? 0u : 1u));
}

CONTRACT("a hundred lives of one module leave one record and no reference", hundred_lives) {
  fixture<P> f;
  for (int i = 0; i != 100; ++i) {
    const tenure::module m = f.modules.open(f.a);
    CHECK(tenure_test::images_of(f.a) == 1);
    CHECK(f.modules.report().size() == 1);
  }
  check_all_closed(f);
}
