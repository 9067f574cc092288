// E-B11: every allocation of a create fails once, in turn. A program of its own: operator new is replaced.
#include "faults/failing_new.hpp"
#include "scenarios/session.hpp"
#include "support/cxx_runtime.hpp"

#include <doctest/doctest.h>

#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using scenarios::counts;
using scenarios::session;
using tenure::errc;

namespace {

constexpr int enough = 500; // allocations; no operation comes near

// Runs `attempt` with the n-th allocation refused, for n = 1, 2, ... until none was. `check` looks after
// each.
template <class Attempt, class Check> int for_each_allocation(Attempt&& attempt, Check&& check) {
  for (int n = 1; n != enough; ++n) {
    CAPTURE(n);
    tenure_test::fail_allocation(n);
    try {
      attempt();
    } catch (const std::bad_alloc&) { // what a create may say
    }
    const bool refused = tenure_test::stop_failing();
    check(refused);
    if (!refused) return n - 1;
  }
  FAIL("it never succeeds");
  return enough;
}

} // namespace

// Five pairings of what is there already with what is created then.
TEST_CASE(
    "E-B11: whichever allocation of a second create fails, it leaves nothing, in five pairings (CT-0770)") {
  struct pairing {
    const char* first; // in module a
    bool other_module;
    const char* second;
  };
  for (const pairing& p :
       {pairing{"make_first", false, "make_first"}, pairing{"make_first", false, "make_second"},
        pairing{"make_first", true, "make_first"}, pairing{"make_second", true, "make_second"},
        pairing{nullptr, true, "make_first"}}) {
    session s;
    std::vector<tenure::keyed<plug_in>> there; // so many that the table has to grow
    for (int i = 0; p.first != nullptr && i != 6; ++i) there.push_back(s.create(s.a, p.first));
    const counts before = s.now();
    const std::string& file = p.other_module ? s.b : s.a;
    tenure::keyed<plug_in> made;
    const int failures = for_each_allocation([&] { made = s.create(file, p.second); },
                                             [&](bool refused) {
                                               CHECK((made || refused));
                                               if (made) made.reset();
                                               CHECK(s.now().objects == before.objects);
                                               CHECK(s.now().in_use == before.in_use);
                                               for (const auto& o : there) CHECK(o->value() != 0);
                                               s.clear();
                                               CHECK(s.now() == before);
                                             });
    CHECK(failures >= (p.other_module ? 4 : 1)); // a load takes some
    there.clear();
    CHECK(tenure_test::all_closed(s.modules.final_close()));
  }
}

TEST_CASE("E-B11: a create that fails says why, and leaves others alone (CT-0703, UT-3554, UT-3710)") {
  session s;
  const tenure::keyed<plug_in> other = s.create(s.b);
  const auto code_of = [&](const std::string& file, const char* factory) {
    try {
      static_cast<void>(s.create(file, factory));
    } catch (const tenure::error& e) {
      return e.why().code();
    }
    return errc::ok;
  };
  CHECK(code_of(s.folder.path("absent"), "make_first") == errc::file_not_found);
  CHECK(s.now() == counts{1, 1, 0}); // a bad entry: nothing in the slot
  CHECK(code_of(s.a, "make_absent") == errc::symbol_not_found);
  CHECK(s.now() == counts{1, 1, 1}); // a good module without that implementation: the module is in the slot
  CHECK(code_of(s.a, "make_nothing") == errc::factory_returned_null);
  tenure::failure why; // the wrong type
  CHECK(s.objects.get_interface<spelling, spelling>(other.key(), {"get_spelling", "release_spelling"}, why) ==
        nullptr);
  CHECK(why.code() == errc::key_of_another_type);
  CHECK(s.objects.find<spelling>(other.key()) == nullptr);
  CHECK(tenure_test::throws<std::runtime_error>([&] { return s.create(s.a, "make_failing"); }));
  CHECK(tenure_test::throws<std::bad_alloc>([&] { return s.create(s.a, "make_without_memory"); }));
  CHECK(s.now() == counts{1, 1, 1});
  CHECK(other->value() == 1);
}

TEST_CASE("E-B12: an object deletes itself in its own method whichever allocation fails (CT-0715)") {
  session s;
  plug_in* object = nullptr;
  for_each_allocation(
      [&] {
        object = nullptr;
        const tenure::key key = s.create_by_key(s.a);
        object = s.objects.find<plug_in>(key);
        object->host.event = nullptr; // which writes, and must not fail in a destructor
        object->end_yourself();
      },
      [&](bool) {
        CHECK(s.objects.size() == 0);
        s.clear();
        CHECK(s.now() == counts{});
      });
}

TEST_CASE("E-B15: a secondary interface for which memory is refused is not asked for, and none is lost") {
  session s;
  const tenure::key key = s.create_by_key(s.a);
  s.objects.find<plug_in>(key)->host.event = nullptr;
  for_each_allocation(
      [&] {
        tenure::failure why;
        auto* const found =
            s.objects.get_interface<spelling, plug_in>(key, {"get_spelling", "release_spelling"}, why);
        CHECK((found != nullptr || why.code() == errc::out_of_memory));
      },
      [&](bool) { CHECK(s.objects.size() == 1); });
  CHECK(s.objects.destroy(key) == errc::ok);
}

TEST_CASE("M-B17: whichever allocation of an activation fails, no container stays behind") {
  session<tenure::policy::immediate> s;
  for_each_allocation(
      [&] {
        const tenure::module m = s.modules.open(s.a);
        const tenure::token_source container(m);
        const tenure::token_source part = container.part();
        const tenure::token held = part.acquire();
        const auto object = m.create<plug_in>("make_first");
        CHECK(object->value() == 1);
      },
      [&](bool) {
        CHECK(s.modules.stats().active == 0);
        // The runtime that caught the module's bad_alloc miscounts what is thrown: it looked as if still in
        // flight.
        if (!tenure_test::one_cxx_runtime) static_cast<void>(s.modules.sweep());
        CHECK(!s.loaded(s.a));
      });
}
