// E-B18: ECom's cache of resolver DLLs, as its test cases CT-4012, CT-4013 and UT-4015 to UT-4025 have it, on
// a virtual clock. That memory runs out cannot happen: the list of what is kept is in the records. What is
// general to the policy is in policies/keep_warm_tests.cpp.
#include "scenarios/parts.hpp"
#include "support/virtual_clock.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using scenarios::world;
using tenure::seconds;
using tenure::policy::keep_warm;

namespace {

// A cache of four entries for four seconds, as ECom's, with six modules to put into it.
template <class P = keep_warm<4, seconds(4)>> struct cache {
  tenure_test::virtual_clock clock;
  tenure_test::scratch folder;
  std::vector<std::string> files;
  tenure::manager<P> modules;

  explicit cache(tenure::time_point start = seconds(1'000), P policy = P())
      : clock(start)
      , modules(std::move(policy), clock.options()) {
    for (const char* const letter : {"a", "b", "c", "d", "e", "f"})
      files.push_back(folder.copy("part_a", scenarios::file_name(letter)));
  }
  void use(char letter) { static_cast<void>(modules.open(files[static_cast<std::size_t>(letter - 'a')])); }
  void use_all(const std::string& letters) {
    for (const char letter : letters) use(letter);
  }
  void sweep_after(tenure::duration time) {
    clock.advance(time);
    static_cast<void>(modules.sweep());
  }
  [[nodiscard]] std::string kept() const {
    std::string letters;
    for (std::size_t i = 0; i != files.size(); ++i)
      if (tenure_test::is_loaded(modules, files[i])) letters += static_cast<char>('a' + i);
    return letters;
  }
};

} // namespace

TEST_CASE("E-B18: the cache holds its limit, and the least recently used goes (CT-4012, CT-4013)") {
  cache c;
  c.use_all("abcd");
  CHECK(c.kept() == "abcd");
  c.use('e');
  CHECK(c.kept() == "bcde");
  c.use_all("bf"); // b is renewed, so c goes
  CHECK(c.kept() == "bdef");
}

TEST_CASE("E-B18: of modules that were used at the same time the one whose use was counted first goes "
          "(CT-4012, CT-4013)") {
  cache c;
  c.use_all("abcde"); // the clock stands still
  CHECK(c.kept() == "bcde");
}

TEST_CASE("E-B18: an entry expires after its time, all of one time at once (UT-4015 to 4025)") {
  cache c;
  c.use_all("ab");
  c.sweep_after(seconds(3));
  CHECK(c.kept() == "ab");
  c.use('c');
  c.sweep_after(seconds(1));
  CHECK(c.kept() == "c");
  c.sweep_after(seconds(3));
  CHECK(c.kept().empty());
}

TEST_CASE("E-B18: a hit renews the time (UT-4015 to 4025)") {
  cache c;
  for (int i = 0; i != 10; ++i) {
    c.use('a');
    c.sweep_after(seconds(3));
    CHECK(c.kept() == "a");
  }
  CHECK(c.modules.stats().loads == 1);
}

TEST_CASE("E-B18: an entry that a new file supersedes is dropped, and the new one kept (UT-4015 to 4025)") {
  cache c;
  c.use('a');
  c.folder.replace(c.files[0], "part_upgraded");
  CHECK(c.modules.open(c.files[0]).create<plug_in>("make_first")->value() == 2);
  CHECK(c.modules.stats().loads == 2);
  std::size_t idle = 0;
  for (const tenure::unload_entry& e : c.modules.report())
    idle += e.outcome == tenure::unload_outcome::idle ? 1u : 0u;
  CHECK(idle == 1);
  CHECK(c.modules.open(c.files[0]).create<plug_in>("make_first")->value() == 2);
  CHECK(c.modules.stats().loads == 2);
}

TEST_CASE("E-B18: during maintenance nothing is cached, and what was is dropped (UT-4015 to 4025)") {
  tenure::policy::maintenance installation;
  cache c(seconds(1'000), keep_warm<4, seconds(4)>(installation));
  c.use_all("ab");
  const tenure::module in_use = c.modules.open(c.files[2]);
  installation.begin();
  CHECK(installation.is_on());
  c.sweep_after({});
  CHECK(c.kept() == "c"); // what is in use stays
  c.use_all("ad");
  CHECK(c.kept() == "c");
  installation.end();
  c.use('a');
  CHECK(c.kept() == "ac");
}

TEST_CASE("E-B18: a clock that is set forward expires, one that is set back expires nothing early (UT-4015 "
          "to 4025)") {
  cache c;
  c.use('a');
  c.sweep_after(seconds(-500));
  CHECK(c.kept() == "a");
  c.sweep_after(seconds(503));
  CHECK(c.kept() == "a");
  c.sweep_after(seconds(1));
  CHECK(c.kept().empty());
  c.use('b');
  c.sweep_after(seconds(100'000));
  CHECK(c.kept().empty());
}

TEST_CASE("E-B18: a clock that wraps round expires in time, neither at once nor never (UT-4015 to 4025)") {
  for (const std::int64_t before : {1, 3}) { // seconds before the wrap
    cache c{tenure::time_point(INT64_MAX - before * 1'000'000'000)};
    c.use('a');
    c.sweep_after(seconds(2));
    CHECK(c.kept() == "a");
    c.use('b');
    c.sweep_after(seconds(2));
    CHECK(c.kept() == "b");
    c.sweep_after(seconds(2));
    CHECK(c.kept().empty());
    CHECK(c.clock.now() < tenure::time_point());
  }
}

TEST_CASE("E-B18: no room and no time each switch the cache off (UT-4015 to 4025)") {
  cache<keep_warm<0, seconds(4)>> without_room;
  without_room.use_all("ab");
  CHECK(without_room.kept().empty());
  cache<keep_warm<4, seconds(0)>> without_time;
  without_time.use_all("ab");
  CHECK(without_time.kept().empty());
}

TEST_CASE("E-B18: what is not in the cache is loaded, and dropping it is no error (UT-4015 to 4025)") {
  cache c;
  CHECK(c.modules.sweep().empty());
  CHECK(c.modules.next_due() == tenure::never);
  c.use('a');
  CHECK(c.modules.final_close().size() == 1);
  static_cast<void>(c.modules.sweep(seconds(0)));
  c.use('a');
  CHECK(c.modules.stats().loads == 2);
}
