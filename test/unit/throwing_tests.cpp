// An initialiser that throws. In a program of its own: glibc's loader keeps what it had done so far.
#include "support/scratch.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <string>

TEST_CASE("an initialiser that throws is an error with its words, and other modules are untouched") {
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
