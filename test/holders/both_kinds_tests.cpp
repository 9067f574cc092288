// Files with and without TENURE_TRACK_HOLDERS in one program, behind one library that knows of neither.
#include "halves.hpp"
#include "held.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <type_traits>

using tenure_test::module_path;

static_assert(std::is_same_v<tenure::module, tenure::v1::tracked::module>);
static_assert(std::is_same_v<tenure::manager<>, tenure::v1::tracked::manager<>>);
static_assert(std::is_same_v<tenure::failure, tenure::v1::failure>); // what is no handle is the same for both

TEST_CASE("a file without tracking lists nobody, and counts who is not listed") {
  untracked_holds* const holds = hold_untracked(module_path("basic").c_str());
  std::uint32_t unlisted = 0;
  CHECK(untracked_list_size(*holds, unlisted) == 0);
  CHECK(unlisted == 3);
  drop_untracked(holds);
}

TEST_CASE("each file does as it was compiled: one module has listed holders, the other none") {
  untracked_holds* const holds = hold_untracked(module_path("basic").c_str());
  tenure::manager<> modules;
  const tenure::module mine = modules.open(module_path("second"));
  const tenure::module copy = mine;
  CHECK(mine.holders().size() == 2);
  CHECK(mine.holders().unlisted() == 0);
  std::uint32_t unlisted = 0;
  CHECK(untracked_list_size(*holds, unlisted) == 0);
  CHECK(unlisted == 3);
  take_by_address(*holds, reinterpret_cast<const void*>(mine.symbol<int()>("answer").get()));
  CHECK(mine.holders().size() == 2); // another manager's reference is another record's
  drop_untracked(holds);
}
