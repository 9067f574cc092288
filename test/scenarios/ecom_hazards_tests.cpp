// How programs died of ECom, and what happens here instead. Each ran into a fault, or lost something, in a
// model of ECom's algorithm over dlopen; here each is quiet under the sanitizers too.
#include "scenarios/session.hpp"
#include "support/until.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <set>
#include <thread>
#include <type_traits>
#include <vector>

using scenarios::counts;
using scenarios::session;
using tenure::errc;
using tenure::unload_outcome;

#define POLICIES tenure::policy::deferred_one, tenure::policy::immediate, tenure::policy::final_close

TEST_CASE_TEMPLATE("E-H1: a final close in a destructor closes the others, and the running code stays", P,
                   POLICIES) {
  session<P> s;
  const tenure::key key = s.create_by_key(s.a);
  s.create(s.b).reset();
  std::size_t not_closed = 0;
  s.on_event = [&](const std::string&) { // it has reported itself, so nothing but its stack holds it
    const tenure::unload_report report = s.modules.final_close();
    not_closed = report.count(unload_outcome::deferred);
    CHECK(s.loaded(s.a));
    CHECK(!s.loaded(s.b));
  };
  s.objects.template find<plug_in>(key)->end_yourself();
  s.on_event = nullptr;
  CHECK(not_closed == 1);
  s.clear();
  CHECK(!s.loaded(s.a));
}

TEST_CASE_TEMPLATE("E-H2: a create that fails in the tail of a destructor unloads nothing", P, POLICIES) {
  session<P> s;
  const tenure::module other = s.modules.open(s.b);
  const tenure::key key = s.create_by_key(s.a);
  int failed = 0;
  s.on_event = [&](const std::string&) {
    const std::uint64_t closes = s.modules.stats().closes;
    CHECK_THROWS_AS(s.create(s.folder.path("absent")), tenure::error);
    for (const char* const factory : {"make_absent", "make_nothing", "make_failing", "make_without_memory"}) {
      CHECK_THROWS(s.create(s.b, factory));
      ++failed;
    }
    CHECK(s.modules.stats().closes == closes);
    CHECK_THROWS_AS(s.create(s.a, "make_nothing"), tenure::error); // the very module whose code this is
    CHECK(s.loaded(s.a));
  };
  s.objects.template find<plug_in>(key)->end_yourself();
  s.on_event = nullptr;
  CHECK(failed == 4);
  s.clear();
  CHECK(s.now() == counts{0, 1, 0});
}

TEST_CASE_TEMPLATE("E-H3: what is destroyed after an object has reported itself does not take its code away",
                   P, POLICIES) {
  session<P> s;
  const tenure::key inner = s.create_by_key(s.b);
  const tenure::key outer = s.create_by_key(s.a);
  s.objects.template find<plug_in>(outer)->owned = s.objects.template find<plug_in>(inner);
  s.on_event = [&](const std::string&) { CHECK(s.loaded(s.a)); };
  s.objects.template find<plug_in>(outer)->end_yourself();
  s.on_event = nullptr;
  CHECK(s.events.size() == 2);
  CHECK(s.objects.size() == 0);
  s.clear();
  CHECK(!s.loaded(s.a));
  CHECK(!s.loaded(s.b));
}

TEST_CASE_TEMPLATE(
    "E-H4: an interface's release may destroy another plug-in: all callbacks come before the parking", P,
    POLICIES) {
  session<P> s;
  const tenure::key victim = s.create_by_key(s.b);
  const tenure::key key = s.create_by_key(s.a);
  static_cast<void>(
      s.objects.template get_interface<spelling, plug_in>(key, {"get_spelling", "release_spelling"}));
  s.on_event = [&](const std::string& what) {
    if (what == "interface released") CHECK(s.objects.destroy(victim) == errc::ok);
    CHECK(s.loaded(s.a));
  };
  CHECK(s.objects.destroy(key) == errc::ok);
  s.on_event = nullptr;
  CHECK(s.events.lines() ==
        std::vector<std::string>{"interface released", "base destroyed", "base destroyed"});
  s.clear();
  CHECK(s.now() == counts{});
}

TEST_CASE_TEMPLATE("E-H5: a module's static destructor may destroy a plug-in: nothing is closed twice", P,
                   POLICIES) {
  session<P> s;
  struct scene {
    session<P>* s;
    tenure::key victim;
    int runs = 0;
  } at{&s, s.create_by_key(s.b)};
  {
    const tenure::module a = s.modules.open(s.a);
    a.symbol<void(void (*)(void*), void*)>("call_at_the_end")(
        [](void* context) {
          auto& c = *static_cast<scene*>(context);
          ++c.runs;
          CHECK(c.s->objects.destroy(c.victim) == errc::ok);
        },
        &at);
  }
  s.clear();
  s.clear();
  CHECK(at.runs == (tenure_test::loader_unmaps() ? 1 : 0));
  if (at.runs == 0) { // its destructor is still to come, at the process's end, when this scene has gone
    s.objects.destroy(at.victim);
    s.modules.open(s.a).template symbol<void(void (*)(void*), void*)>("call_at_the_end")(nullptr, nullptr);
  }
  s.clear();
  CHECK(s.now() == counts{});
  CHECK(s.modules.stats().closes == s.modules.stats().loads);
  CHECK(s.modules.stats().loads == (at.runs == 0 ? 3 : 2));
}

TEST_CASE("E-H6: a stale key is never good for the next object in its place") {
  session s;
  std::set<std::uint64_t> seen;
  tenure::key stale;
  for (int i = 0; i != 1'000; ++i) {
    const tenure::keyed<plug_in> object = s.create(s.a);
    REQUIRE(seen.insert(object.key().value).second);
    if (i != 0) {
      REQUIRE(s.objects.destroy(stale) == errc::key_stale);
      REQUIRE(s.objects.destroyed(stale) == errc::key_stale);
    }
    REQUIRE(object->value() == 1);
    stale = object.key();
  }
  CHECK(s.loaded(s.a));
}

TEST_CASE("E-H7: an object may be destroyed on another thread, which may end: nothing is lost") {
  session s;
  tenure::keyed<plug_in> made_elsewhere;
  std::thread maker([&] { made_elsewhere = s.create(s.a); });
  maker.join();
  CHECK(made_elsewhere->value() == 1);
  const tenure::key key = s.create_by_key(s.b);
  std::thread destroyer([&] {
    CHECK(s.objects.destroy(key) == errc::ok);
    made_elsewhere.reset();
  });
  destroyer.join();
  CHECK(s.now() == counts{0, 0, 1});
  CHECK(tenure_test::all_closed(s.modules.final_close()));
}

TEST_CASE("E-H7: of two threads that destroy one object one is told that it came too late") {
  session s;
  for (int round = 0; round != 200; ++round) {
    const tenure::key key = s.create_by_key(s.a);
    std::atomic<int> ready{0}, done{0}, late{0};
    const auto destroy = [&] {
      ++ready;
      while (ready != 2) std::this_thread::yield();
      const errc answer = s.objects.destroy(key);
      ++(answer == errc::ok ? done : late);
    };
    std::thread other(destroy);
    destroy();
    other.join();
    REQUIRE(done == 1);
    REQUIRE(late == 1);
  }
  CHECK(s.objects.size() == 0);
}

TEST_CASE("E-H8: the slot does not keep the last module for ever: its context's end closes it") {
  const tenure_test::scratch folder;
  const std::string file = folder.copy("part_a");
  {
    tenure::manager<tenure::policy::deferred_one> modules;
    static_cast<void>(modules.open(file));
    CHECK(tenure_test::is_loaded(modules, file));
  }
  CHECK(tenure_test::is_gone(file));
}

TEST_CASE("E-H9: a key has 64 bits, and a report from a destructor cannot fail by an exception") {
  static_assert(sizeof(tenure::key) == 8);
  static_assert(noexcept(std::declval<const tenure::instance_table&>().destroyed(tenure::key{})));
  static_assert(std::is_nothrow_destructible_v<tenure::keyed<plug_in>>);
  session s;
  const tenure::keyed<plug_in> object = s.create(s.a);
  for (std::uint64_t bit = 0; bit != 64; ++bit) { // ECom left for a key that was not divisible by four
    const tenure::key off_by_one_bit{object.key().value ^ (std::uint64_t{1} << bit)};
    CHECK(s.objects.destroyed(off_by_one_bit) != errc::ok);
  }
  CHECK(object->value() == 1);
}

TEST_CASE("E-H10: a create that fails in a loaded module takes its references back") {
  session s;
  const tenure::keyed<plug_in> live = s.create(s.a);
  const auto references = [&] { return s.modules.report().begin()->references; };
  CHECK(references() == 1);
  for (const char* const factory : {"make_absent", "make_nothing", "make_failing", "make_without_memory"})
    CHECK_THROWS(s.create(s.a, factory));
  CHECK(references() == 1);
  CHECK(s.now() == counts{1, 1, 0});
}

TEST_CASE("E-H11: a parked module that is created from again is the same one, not a second record") {
  session s;
  s.create(s.a).reset();
  CHECK(s.now() == counts{0, 0, 1});
  const tenure::keyed<plug_in> again = s.create(s.a);
  CHECK(s.now() == counts{1, 1, 0});
  CHECK(s.modules.report().size() == 1);
  CHECK(s.modules.stats().loads == 1);
}

TEST_CASE("E-H12: many threads keep no more modules than the policy's depth, not one each") {
  session s;
  std::vector<std::string> files;
  for (int i = 0; i != 8; ++i)
    files.push_back(s.folder.copy("part_a", scenarios::file_name("of_thread" + std::to_string(i))));
  std::vector<std::thread> threads;
  for (const std::string& file : files)
    threads.emplace_back([&s, &file] {
      for (int i = 0; i != 20; ++i) s.create(file).reset();
    });
  for (std::thread& t : threads) t.join();
  CHECK(s.now() == counts{0, 0, 1});
}
