// Modules that the manager did not find by a name: adopted handles, addresses, the program itself.
#include "support/closed.hpp"
#include "support/scratch.hpp"
#include "support/system_loader.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

using tenure_test::is_loaded;
using tenure_test::scratch;
using immediate = tenure::manager<tenure::policy::immediate>;

TEST_CASE("an adopted handle is closed by the manager, once") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  void* const handle = tenure_test::raw_open(file);
  immediate modules;
  {
    const tenure::module m = modules.adopt(handle);
    CHECK(m.native_handle() == handle);
    CHECK(m.symbol<int()>("answer")() == 42);
    CHECK(modules.open(file) == m);
  }
  CHECK(!is_loaded(modules, file));
}

TEST_CASE("adopting a second reference to a module that is managed already gives the same module") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  immediate modules;
  tenure::module m = modules.open(file);
  tenure::module adopted = modules.adopt(tenure_test::raw_open(file));
  CHECK(adopted == m);
  m.reset();
  CHECK(is_loaded(modules, file));
  adopted.reset();
  CHECK(!is_loaded(modules, file));
}

TEST_CASE("a null handle is an error") {
  immediate modules;
  tenure::failure why;
  CHECK(!modules.adopt(nullptr, why));
  CHECK(why.code() == tenure::errc::foreign_handle);
}

TEST_CASE("what is no handle is an error, whatever lies there") {
  immediate modules;
  long garbage[64];
  for (long& part : garbage) part = 7; // nothing that could be followed
  tenure::failure why;
  CHECK(!modules.adopt(garbage, why));
  CHECK(why.code() == tenure::errc::foreign_handle);
  CHECK(modules.report().empty());
}

TEST_CASE("modules whose files are gone from their place are told apart") {
  const scratch folder;
  const std::string a = folder.copy("basic");
  const std::string b = folder.copy("other_code");
  void* const handle_a = tenure_test::raw_open(a);
  void* const handle_b = tenure_test::raw_open(b);
  folder.take_away(a);
  folder.take_away(b);
  immediate modules;
  const tenure::module first = modules.adopt(handle_a);
  const tenure::module second = modules.adopt(handle_b);
  CHECK(first != second);
  CHECK(first.symbol<int()>("answer")() == 42);
  CHECK(second.symbol<int()>("answer")() == 43);
}

TEST_CASE("a module is found by the address of a function, of a variable and of its last byte") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  immediate modules;
  const tenure::module m = modules.open(file);
  CHECK(modules.containing(reinterpret_cast<const void*>(m.symbol<int()>("answer").get())) == m);
  CHECK(modules.containing(m.symbol<int>("version").get()) == m);
}

TEST_CASE("a module that somebody else loaded is found by an address in it, and stays theirs") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  immediate theirs;
  tenure::module held = theirs.open(file);
  const auto answer = held.symbol<int()>("answer").get();
  immediate ours;
  {
    const tenure::module m = ours.containing(reinterpret_cast<const void*>(answer));
    CHECK(m.symbol<int()>("answer")() == 42);
  }
  CHECK(is_loaded(theirs, file));
  held.reset();
  CHECK(!is_loaded(theirs, file));
}

TEST_CASE("addresses outside all modules, the program's own among them, are errors") {
  immediate modules;
  const int on_the_stack = 0;
  const auto on_the_heap = std::make_unique<int>(0);
  std::error_code code;
  for (const void* const address :
       {static_cast<const void*>(&on_the_stack), static_cast<const void*>(on_the_heap.get()),
        static_cast<const void*>(nullptr)}) {
    CHECK(!modules.containing(address, code));
    CHECK(code == tenure::errc::no_module_at_address);
  }
  static int in_the_program = 0;
  const tenure::module program = modules.containing(&in_the_program, code);
  CHECK(static_cast<bool>(program) == tenure_test::program_is_a_library());
  CHECK((program || code == tenure::errc::no_module_at_address));
}
