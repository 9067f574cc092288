// ECom's objects: keys, self-destruction, secondary interfaces.
#include "scenarios/session.hpp"

#include <doctest/doctest.h>

#include <set>
#include <stdexcept>
#include <vector>

using scenarios::counts;
using scenarios::session;
using tenure::errc;

static_assert(sizeof(tenure::key) == 8);
static_assert(!std::is_copy_constructible_v<tenure::keyed<plug_in>>);
static_assert(std::is_nothrow_move_constructible_v<tenure::keyed<plug_in>>);

namespace {
constexpr tenure::interface_names spelling_names{"get_spelling", "release_spelling"};
}

TEST_CASE(
    "E-B2: a create gives the object and its key, which may live in the object, and a destroy is by key") {
  session s;
  tenure::keyed<plug_in> object = s.create(s.a);
  CHECK(object->key == object.key().value);
  CHECK(s.objects.find<plug_in>(object.key()) == object.get());
  CHECK(s.objects.destroy({object->key}) == errc::ok);
  CHECK(s.events.lines() == std::vector<std::string>{"base destroyed"});
  object.reset(); // the owner comes too late, and harms nobody
  CHECK(s.events.size() == 1);
  CHECK(s.now() == counts{0, 0, 1});
  const tenure::key owned = s.create(s.a).key(); // destroyed by its owner
  CHECK(s.objects.look(owned) == errc::key_stale);
  CHECK(s.now() == counts{0, 0, 1});
}

TEST_CASE("E-B9: null, unknown and repeated keys do nothing, and say so (CT-3708)") {
  session s;
  const tenure::key live = s.create_by_key(s.a);
  const tenure::key gone = s.create_by_key(s.b);
  CHECK(s.objects.destroy(gone) == errc::ok);
  const counts before = s.now();
  CHECK(before == counts{1, 1, 1});
  tenure::instance_table others;
  const tenure::keyed<plug_in> foreign = others.create<plug_in>(s.modules.open(s.a), "make_first");
  for (int times = 0; times != 3; ++times) {
    CHECK(s.objects.destroy({}) == errc::key_null);
    CHECK(s.objects.destroyed({}) == errc::key_null);
    CHECK(s.objects.destroy(gone) == errc::key_stale);
    CHECK(s.objects.destroyed(gone) == errc::key_stale);
    CHECK(s.objects.destroy({live.value + (std::uint64_t{1} << 40)}) == errc::key_unknown);
    CHECK(s.objects.destroyed({0xffff'ffff}) == errc::key_unknown);
    CHECK(s.objects.destroy(foreign.key()) == errc::key_unknown);
  }
  CHECK(s.now() == before); // the slot is as it was
  CHECK(s.objects.find<plug_in>(live)->value() == 1);
  CHECK(foreign->value() == 1);
  CHECK(
      std::string(tenure::category().message(static_cast<int>(errc::key_stale))).find("destroyed already") !=
      std::string::npos);
}

TEST_CASE("E-B10: an object's bookkeeping is freed at once, only the unmapping waits (UT-3550)") {
  session s;
  const tenure::key key = s.create_by_key(s.a);
  s.objects.destroy(key);
  CHECK(s.objects.size() == 0);
  CHECK(s.objects.look(key) == errc::key_stale);
  CHECK(s.loaded(s.a));
  CHECK(s.modules.stats().active == 0);
}

TEST_CASE_TEMPLATE("E-B12: an object may delete itself inside its own method (CT-0709)", P,
                   tenure::policy::deferred_one, tenure::policy::immediate, tenure::policy::final_close) {
  session<P> s;
  const tenure::key by_key = s.create_by_key(s.a);
  s.objects.template find<plug_in>(by_key)->end_yourself();
  CHECK(s.objects.size() == 0);
  CHECK(s.objects.destroy(by_key) == errc::key_stale);
  tenure::keyed<plug_in> owned = s.create(s.b);
  owned->end_yourself(); // its owner learns of it by the key
  CHECK(s.objects.look(owned.key()) == errc::key_stale);
  owned.reset();
  CHECK(s.events.size() == 2);
  s.clear();
  CHECK(!s.loaded(s.a));
  CHECK(!s.loaded(s.b));
}

TEST_CASE("E-B15: secondary interfaces are released with their object, by themselves (UT-3557)") {
  session s;
  const tenure::key key = s.create_by_key(s.a, "make_second");
  for (int i = 0; i != 3; ++i)
    CHECK(s.objects.get_interface<spelling, plug_in>(key, spelling_names)->words() == 100);
  CHECK(s.events.size() == 0);
  s.objects.destroy(key);
  CHECK(s.events.lines() == std::vector<std::string>{"interface released", "interface released",
                                                     "interface released", "derived destroyed",
                                                     "base destroyed"});
}

TEST_CASE(
    "E-B15: a secondary interface may be released before, and never twice (UT-3558, UT-3711, CT-3582)") {
  session s;
  const tenure::key key = s.create_by_key(s.a);
  auto* const first = s.objects.get_interface<spelling, plug_in>(key, spelling_names);
  auto* const second = s.objects.get_interface<spelling, plug_in>(key, spelling_names);
  CHECK(s.objects.release_interface(key, first) == errc::ok);
  CHECK(s.objects.release_interface(key, first) == errc::interface_not_found);
  CHECK(s.events.size() == 1);
  CHECK(second->words() == 100);
  s.objects.find<plug_in>(key)->end_yourself(); // reports itself: the other goes then
  CHECK(s.events.lines() ==
        std::vector<std::string>{"interface released", "interface released", "base destroyed"});
  CHECK(s.objects.release_interface(key, second) == errc::key_stale);
}

TEST_CASE("E-B15: an interface of a dead, null or wrong object, or one that is missing, is an error "
          "(CT-4001, CT-4002)") {
  session s;
  const tenure::key live = s.create_by_key(s.a);
  const tenure::key dead = s.create(s.a).key();
  tenure::failure why;
  const auto ask = [&](tenure::key k, tenure::interface_names names) {
    CHECK(s.objects.get_interface<spelling, plug_in>(k, names, why) == nullptr);
    return why.code();
  };
  CHECK(ask({}, spelling_names) == errc::key_null);
  CHECK(ask(dead, spelling_names) == errc::key_stale);
  CHECK(ask({live.value + (std::uint64_t{1} << 40)}, spelling_names) == errc::key_unknown);
  CHECK(ask(live, {"get_absent", "release_spelling"}) == errc::interface_not_found);
  CHECK(ask(live, {nullptr}) == errc::interface_not_found);
  CHECK_THROWS_AS(static_cast<void>(s.objects.create<plug_in>(s.modules.open(s.a), nullptr)), tenure::error);
  CHECK(ask(live, {"get_spelling", "release_absent"}) ==
        errc::interface_not_found); // before anything is made
  CHECK(ask(live, {"get_nothing", "release_spelling"}) == errc::interface_not_found);
  CHECK(std::string(why.what()).find("does this version of the module offer it?") != std::string::npos);
  CHECK(s.objects.get_interface<spelling, widget>(live, spelling_names, why) ==
        nullptr); // not what it was created as
  CHECK(why.code() == errc::key_of_another_type);
  CHECK(s.objects.get_interface<spelling, plug_in>(live, {"get_shared_spelling"})->words() == 200);
  CHECK(s.events.lines() == std::vector<std::string>{"base destroyed"});
}

TEST_CASE("E-B19: a key tells what made its object while that is alive, and no longer (UT-3709, UT-3710)") {
  session s;
  const tenure::key key = s.create_by_key(s.a, "make_second");
  CHECK(s.objects.factory(key) == std::string("make_second"));
  CHECK(s.objects.owner(key).path() == s.a);
  CHECK(s.objects.find<plug_in>(key) != nullptr);
  CHECK(s.objects.find<widget>(key) == nullptr); // not of that type
  s.objects.destroy(key);
  CHECK(s.objects.factory(key) == std::string());
  CHECK_FALSE(s.objects.owner(key));
  CHECK(s.objects.find<plug_in>(key) == nullptr);
  CHECK(s.objects.look(key) == errc::key_stale);
}

TEST_CASE("a table that ends destroys what was left to it, and leaves the rest to its owners") {
  session s;
  tenure::keyed<plug_in> kept;
  {
    tenure::instance_table table;
    kept = table.create<plug_in>(s.modules.open(s.a), "make_first");
    const tenure::key left = table.create<plug_in>(s.modules.open(s.b), "make_first").release();
    table.find<plug_in>(left)->host = {nullptr, s.happened, &s};
    tenure::instance_table moved = std::move(table);
    CHECK(moved.size() == 2);
  }
  CHECK(s.events.lines() == std::vector<std::string>{"base destroyed"});
  CHECK(kept->value() == 1);
  kept.reset();
  CHECK(s.modules.stats().active == 0);
}
