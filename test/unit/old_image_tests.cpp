// A file whose old image the system still gives under every spelling: said, and a private copy is the way
// out.
#include "support/closed.hpp"
#include "support/scratch.hpp"
#include "support/system_loader.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using tenure_test::scratch;

namespace {

int answer_now(const tenure::module& m) { return m.symbol<int()>("answer")(); }

constexpr std::size_t most_versions = 20; // more than there are spellings

// Each version of one file, opened and kept, until none of its spellings is left.
struct versions {
  scratch folder;
  std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::immediate> modules;
  std::vector<tenure::module> held;
  tenure::failure why;

  versions() {
    while (held.size() != most_versions) {
      tenure::module m = modules.open(file, why);
      if (!m) return;
      held.push_back(std::move(m));
      folder.replace(file, held.size() % 2 == 0 ? "basic" : "other_code");
    }
  }
};

} // namespace

TEST_CASE(
    "a file that was replaced too often while each version is used is an error with the file and the cure") {
  const versions v;
  CHECK(v.held.size() > 2);
  if (tenure_test::loader_goes_by_path) {
    CHECK(v.held.size() < most_versions);
    CHECK(v.why.code() == tenure::errc::old_image_still_mapped);
    CHECK(std::string(v.why.what()).find(v.file) != std::string::npos);
    CHECK(std::string(v.why.what()).find("private_copy") != std::string::npos);
  } else {
    CHECK(v.held.size() == most_versions); // none is in the way of the next one
    CHECK(!v.why);
  }
  CHECK(v.modules.stats().resident == v.held.size());
  for (std::size_t i = 0; i != v.held.size(); ++i)
    CHECK(answer_now(v.held[i]) == (i % 2 == 0 ? 42 : 43)); // none is another's
}

TEST_CASE("then a private copy gives the new code") {
  versions v;
  const int expected = v.held.size() % 2 == 0 ? 42 : 43;
  tenure::open_options options;
  options.private_copy = true;
  CHECK(answer_now(v.modules.open(v.file, options)) == expected);
}

TEST_CASE("and so does an open once one of the old versions has gone") {
  versions v;
  const int expected = v.held.size() % 2 == 0 ? 42 : 43;
  v.held.front().reset();
  CHECK(answer_now(v.modules.open(v.file)) == expected);
}

TEST_CASE("a file that was replaced while its module lingers: the new code, beside the old image") {
  const scratch folder;
  const std::string file = folder.copy("linger_nodelete");
  tenure::manager<tenure::policy::immediate> modules;
  static_cast<void>(modules.open(file));
  REQUIRE(modules.report().count(tenure::unload_outcome::lingering) == 1);
  folder.replace(file, "basic");
  CHECK(answer_now(modules.open(file)) == 42);
  bool told = false;
  for (const tenure::unload_entry& e : modules.report())
    told = told || (e.outcome == tenure::unload_outcome::lingering && e.file_replaced);
  CHECK(told);
}
