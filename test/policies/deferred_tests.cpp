// deferred<N>: the module parked N last releases ago closes at the beginning of the next one.
#include "policies/fixture.hpp"

#include <tenure/policies/deferred.hpp>

#include <doctest/doctest.h>

#include <ostream>
#include <vector>

using tenure_test::fixture;
using one = tenure::policy::deferred_one;
using three = tenure::policy::deferred<3>;

static_assert(std::is_same_v<tenure::manager<>::policy_type, one>, "the default policy");

TEST_CASE("the last release closes the previous module, not this one") {
  fixture<one> f;
  f.open_and_release(f.a);
  CHECK(f.loaded(f.a));
  f.open_and_release(f.b);
  CHECK(!f.loaded(f.a));
  CHECK(f.loaded(f.b));
  f.open_and_release(f.c);
  CHECK(!f.loaded(f.b));
  CHECK(f.loaded(f.c));
  CHECK(f.modules.stats().closes == 2);
}

TEST_CASE("a module that is released again and again stays parked") {
  fixture<one> f;
  for (int i = 0; i != 10; ++i) f.open_and_release(f.a);
  CHECK(f.loaded(f.a));
  CHECK(f.modules.stats().loads == 1);
  CHECK(f.modules.stats().closes == 0);
}

TEST_CASE("a parked module that is used again leaves the slot: the next release closes nothing") {
  fixture<one> f;
  f.open_and_release(f.a);
  const tenure::module back = f.modules.open(f.a);
  f.open_and_release(f.b);
  CHECK(f.loaded(f.a));
  CHECK(f.loaded(f.b));
  CHECK(f.modules.stats().closes == 0);
  f.open_and_release(f.c);
  CHECK(!f.loaded(f.b));
  CHECK(f.loaded(f.c));
}

TEST_CASE("the same after a revive through a weak handle, which takes no lock") {
  fixture<one> f;
  tenure::module a = f.modules.open(f.a);
  const tenure::weak_module weak = a;
  a.reset();
  a = weak.lock();
  REQUIRE(a);
  f.open_and_release(f.b);
  CHECK(f.loaded(f.a));
  CHECK(f.loaded(f.b));
  a.reset(); // now the one parked before is b
  CHECK(f.loaded(f.a));
  CHECK(!f.loaded(f.b));
}

TEST_CASE("a module that was used while parked and is idle again is still the next to go") {
  fixture<one> f;
  tenure::module a = f.modules.open(f.a);
  const tenure::weak_module weak = a;
  a.reset();
  CHECK(weak.lock());
  f.open_and_release(f.b);
  CHECK(!f.loaded(f.a));
  CHECK(f.loaded(f.b));
}

TEST_CASE("a queue of three closes the fourth but last, in the order of the last releases") {
  fixture<three> f;
  const std::vector<std::string> files{f.a, f.b, f.c, f.folder.copy("fourth"), f.folder.copy("fifth")};
  std::vector<tenure::module> held;
  for (const std::string& file : files) held.push_back(f.modules.open(file));
  for (const int i : {2, 0, 4}) held[static_cast<std::size_t>(i)].reset();
  CHECK(f.modules.stats().closes == 0);
  held[1].reset();
  CHECK(!f.loaded(files[2]));
  CHECK(f.modules.stats().closes == 1);
  held[3].reset();
  CHECK(!f.loaded(files[0]));
  CHECK(f.loaded(files[4]));
  CHECK(f.loaded(files[1]));
  CHECK(f.loaded(files[3]));
  CHECK(f.modules.stats().closes == 2);
}

TEST_CASE("a revived module leaves the middle of the queue") {
  fixture<three> f;
  const std::string d = f.folder.copy("fourth");
  for (const std::string& file : {f.a, f.b, f.c}) f.open_and_release(file);
  const tenure::module back = f.modules.open(f.b);
  f.open_and_release(d);
  CHECK(f.modules.stats().closes == 0);
  f.open_and_release(f.folder.copy("fifth"));
  CHECK(!f.loaded(f.a));
  CHECK(f.loaded(f.c));
  CHECK(f.loaded(d));
}

TEST_CASE("sweeps do not move the queue") {
  fixture<one> f;
  f.open_and_release(f.a);
  CHECK(f.modules.sweep().empty());
  CHECK(f.modules.sweep(tenure::duration(0)).empty());
  CHECK(f.loaded(f.a));
  CHECK(f.modules.next_due() == tenure::never);
}

TEST_CASE("opening loads first and closes only at a release: a failed open empties no slot") {
  fixture<one> f;
  f.open_and_release(f.a);
  std::error_code code;
  CHECK(!f.modules.open(f.folder.path("absent"), code));
  CHECK(code == tenure::errc::file_not_found);
  CHECK(f.loaded(f.a));
  const tenure::module b = f.modules.open(f.b);
  CHECK(f.loaded(f.a));
}
