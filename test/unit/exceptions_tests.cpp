// Exceptions that a module let out: they keep it until they are gone.
#include "modules/interface.hpp"
#include "support/closed.hpp"
#include "support/mapped.hpp"
#include "support/scratch.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <exception>
#include <string>
#include <thread>

using tenure_test::is_gone;
using tenure_test::scratch;

namespace {

using immediate = tenure::manager<tenure::policy::immediate>;

// Calls `name` of the module at `file`, holds no handle afterwards, and keeps what was thrown.
std::exception_ptr thrown_by(immediate& modules, const std::string& file, const char* name) {
  try {
    const tenure::module m = modules.open(file);
    const auto fail = m.symbol<int()>(name);
    m.call([&] { return fail(); });
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

std::string words_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return e.what();
  }
}

} // namespace

TEST_CASE("an exception of a module's own type keeps its module, and is what it was") {
  const scratch folder;
  const std::string file = folder.copy("leaving");
  immediate modules;
  std::exception_ptr thrown = thrown_by(modules, file, "fail");
  REQUIRE(thrown);
  CHECK(tenure_test::is_mapped(file));
  CHECK(modules.report().count(tenure::unload_outcome::busy) == 1);
  CHECK(words_of(thrown) == "the module's own words");
  thrown = nullptr;
  CHECK(is_gone(file));
}

TEST_CASE("an exception is caught, and with the end of its handler the module goes") {
  const scratch folder;
  const std::string file = folder.copy("leaving");
  immediate modules;
  try {
    const tenure::module m = modules.open(file);
    const auto fail = m.symbol<int()>("fail");
    m.call(fail);
  } catch (const std::exception& e) {
    CHECK(std::string(e.what()) == "the module's own words");
    CHECK(tenure_test::is_mapped(file));
  }
  static_cast<void>(modules.sweep());
  CHECK(is_gone(file));
}

TEST_CASE("an exception without a destructor keeps its module as well") {
  const scratch folder;
  const std::string file = folder.copy("leaving");
  immediate modules;
  std::exception_ptr thrown = thrown_by(modules, file, "fail_plainly");
  CHECK(tenure_test::is_mapped(file));
  CHECK_THROWS_AS(std::rethrow_exception(thrown), int);
  thrown = nullptr;
  static_cast<void>(modules.sweep());
  CHECK(is_gone(file));
}

TEST_CASE("the last copy may go on another thread, and an exception may cross two boundaries of one module") {
  const scratch folder;
  const std::string file = folder.copy("leaving");
  immediate modules;
  std::exception_ptr thrown;
  try {
    const tenure::module m = modules.open(file);
    const auto fail = m.symbol<int()>("fail");
    m.call([&] { return m.call(fail); });
  } catch (...) {
    thrown = std::current_exception();
  }
  std::thread([&thrown] {
    CHECK(words_of(thrown) == "the module's own words");
    thrown = nullptr;
  }).join();
  static_cast<void>(modules.sweep());
  CHECK(is_gone(file));
}

TEST_CASE("what a factory throws keeps the module until it is gone, and then nothing is left") {
  const scratch folder;
  const std::string file = folder.copy("leaving");
  immediate modules;
  std::exception_ptr thrown;
  try {
    static_cast<void>(modules.open(file).create<widget>("make_failing"));
  } catch (...) {
    thrown = std::current_exception();
  }
  CHECK(words_of(thrown) == "the module's own words");
  CHECK(tenure_test::is_mapped(file));
  thrown = nullptr;
  static_cast<void>(modules.sweep());
  CHECK(is_gone(file));
}

TEST_CASE("a call gives back what the function gives back, references too") {
  const scratch folder;
  immediate modules;
  const tenure::module m = modules.open(folder.copy("leaving"));
  int number = 1;
  int& same = m.call([&]() -> int& { return number; });
  CHECK(&same == &number);
  CHECK(m.call([](int a, int b) { return a + b; }, 1, 2) == 3);
}
