// Initialisers and finalisers that throw. One case a process: the loader never forgets.
#include "support/mapped.hpp"
#include "support/scratch.hpp"
#include "support/system_loader.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <string>
#include <thread>

using tenure_test::is_mapped;

namespace {

using immediate = tenure::manager<tenure::policy::immediate>;

// Calls on another thread than the one that the loader's lock stays with.
template <class Body> void on_another_thread(Body&& body) { std::thread(std::forward<Body>(body)).join(); }

tenure::errc code_of_open(immediate& modules, const std::string& file) {
  tenure::failure why;
  const tenure::module m = modules.open(file, why);
  return why.code();
}

} // namespace

TEST_CASE("an initialiser that throws is an error with its words, and other modules are untouched" *
          doctest::skip(!tenure_test::loader_can_be_unwound())) {
  const tenure_test::scratch folder;
  tenure::manager<tenure::policy::immediate> modules;
  const tenure::module good = modules.open(folder.copy("basic"));
  tenure::failure why;
  CHECK(!modules.open(folder.copy("throwing"), why));
  CHECK(why.code() == tenure::errc::initializer_threw);
  CHECK(std::string(why.system_text()) == "not today");
  CHECK(good.symbol<int()>("answer")() == 42);
  CHECK(modules.report().size() == 1);
  CHECK(modules.open(folder.copy("second")).symbol<int()>("answer")() == 42);
}

TEST_CASE(
    "a module whose initialiser threw is refused when it is opened again, though the system would give it" *
    doctest::skip(!tenure_test::loader_can_be_unwound())) {
  const tenure_test::scratch folder;
  immediate modules;
  const std::string file = folder.copy("throwing");
  CHECK(code_of_open(modules, file) == tenure::errc::initializer_threw);
  CHECK(code_of_open(modules, file) == tenure::errc::initializer_threw);
  CHECK(modules.stats().loads == 0);
}

TEST_CASE("after an initialiser threw, other threads get an error with the culprit's name instead of waiting "
          "for ever" *
          doctest::skip(!tenure_test::loader_can_be_unwound())) {
  const tenure_test::scratch folder;
  immediate modules;
  const std::string good = folder.copy("basic");
  tenure::module held = modules.open(good);
  CHECK(code_of_open(modules, folder.copy("throwing")) == tenure::errc::initializer_threw);
  const std::string other = folder.copy("second");
  on_another_thread([&] {
    tenure::failure why;
    CHECK(!modules.open(other, why));
    CHECK(why.code() == tenure::errc::loader_blocked);
    CHECK(std::string(why.what()).find("throwing") != std::string::npos);
    CHECK(code_of_open(modules, "no_such_module") ==
          tenure::errc::loader_blocked); // which is looked for by the loader
    CHECK(code_of_open(modules, good) == tenure::errc::ok);
    held.reset();
  });
  CHECK(is_mapped(good));
  CHECK(modules.report().count(tenure::unload_outcome::busy) == 0);
  CHECK(code_of_open(modules, other) == tenure::errc::ok);
}

TEST_CASE("a finaliser that throws: the process lives, and the report says that the module stays" *
          doctest::skip(!tenure_test::loader_can_be_unwound())) {
  const tenure_test::scratch folder;
  immediate modules;
  const std::string file = folder.copy("throwing_end");
  static_cast<void>(modules.open(file));
  const tenure::unload_report report = modules.report();
  REQUIRE(report.size() == 1);
  CHECK(report.begin()->outcome == tenure::unload_outcome::lingering);
  CHECK(std::string(report.begin()->detail).find("not even at the end") != std::string::npos);
}
