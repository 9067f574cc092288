// The stub port: a program that uses Tenure builds and runs on a system without shared libraries, and is told
// so.
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <ostream>
#include <string>

namespace {

using immediate = tenure::manager<tenure::policy::immediate>;

} // namespace

TEST_CASE("every open fails with errc::unsupported and names what was asked for") {
  immediate modules;
  for (const char* name : {"flac", "plugins/flac", "/usr/lib/libflac.so"}) {
    tenure::failure why;
    CHECK(!modules.open(name, why));
    CHECK(why.code() == tenure::errc::unsupported);
    CHECK(std::string(why.path()) == name);
  }
  std::error_code code;
  CHECK(!modules.open(u"flac", code));
  CHECK(code == tenure::errc::unsupported);
  CHECK_THROWS_AS(static_cast<void>(modules.open("flac")), tenure::error);
  CHECK(modules.report().empty());
}

TEST_CASE("the other ways to a module say that there is none") {
  immediate modules;
  int here = 0;
  tenure::failure why;
  CHECK(!modules.containing(&here, why));
  CHECK(why.code() == tenure::errc::no_module_at_address);
  CHECK(!modules.adopt(&here, why));
  CHECK(why.code() == tenure::errc::foreign_handle);
  CHECK(!modules.open_if_loaded("flac"));
  CHECK_THROWS_AS(modules.add_search_path("plugins"), tenure::error);
}

TEST_CASE("modules that are part of the program work without a port") {
  immediate modules;
  static int number = 5;
  static const tenure::static_symbol symbols[] = {{"number", &number}};
  CHECK(modules.add_static("built_in", symbols));
  CHECK(*modules.open("built_in").symbol<int>("number") == 5);
  CHECK(modules.final_close().count(tenure::unload_outcome::kept) == 1);
}
