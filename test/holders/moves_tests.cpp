// An entry follows its handle from address to address, and never stays behind.
#include "held.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <utility>
#include <vector>

using tenure::holder_kind;
using tenure_test::entry;
using tenure_test::module_path;

namespace {

constexpr std::string_view in_moves = "moves_tests.cpp";

std::string listed(const tenure::module& m) { return tenure_test::kinds_and_lines(m.holders(), in_moves); }

} // namespace

TEST_CASE("a moved handle keeps its line, and what it was moved from is in no list") {
  tenure::manager<> modules;
  tenure::module a = modules.open(module_path("basic"));
  const unsigned line = __LINE__ - 1;
  tenure::module b = std::move(a);
  CHECK(listed(b) == entry(holder_kind::handle, line));
  a = std::move(b);
  CHECK(listed(a) == entry(holder_kind::handle, line));
  tenure::module& self = a;
  a = std::move(self);
  CHECK(listed(a) == entry(holder_kind::handle, line));
}

TEST_CASE("swapped handles swap their lines, also with an empty one") {
  tenure::manager<> modules;
  tenure::module a = modules.open(module_path("basic"));
  tenure::module b = modules.open(module_path("second"));
  const unsigned line = __LINE__ - 2;
  swap(a, b);
  CHECK(listed(b) == entry(holder_kind::handle, line));
  CHECK(listed(a) == entry(holder_kind::handle, line + 1));
  tenure::module none;
  swap(a, none);
  CHECK(listed(none) == entry(holder_kind::handle, line + 1));
  CHECK(a.holders().empty());
  swap(b, b);
  CHECK(listed(b) == entry(holder_kind::handle, line));
  tenure::pin first = b.pin();
  tenure::pin second;
  swap(first, second);
  CHECK(listed(b) == entry(holder_kind::handle, line) + ", " + entry(holder_kind::pin, __LINE__ - 3));
}

TEST_CASE("handles in a vector that grows keep their lines, and go with it") {
  tenure::manager<> modules;
  tenure::module basic = modules.open(module_path("basic"));
  {
    std::vector<tenure::module> many;
    const unsigned line = __LINE__ + 1;
    for (int i = 0; i != 1000; ++i) many.emplace_back(modules.open(module_path("basic")));
    const tenure::holder_list all = basic.holders();
    CHECK(all.size() == 1001);
    CHECK(all.unlisted() == 0);
    CHECK(std::count_if(all.begin(), all.end(),
                        [&](const tenure::holder& h) { return h.taken.line == line; }) == 1000);
    many.erase(many.begin(), many.begin() + 500);
    CHECK(basic.holders().size() == 501);
  }
  CHECK(basic.holders().size() == 1);
}

TEST_CASE("a place that held another handle before has the new one's line only") {
  tenure::manager<> modules;
  const tenure::module keep = modules.open(module_path("basic"));
  std::optional<tenure::module> place;
  for (int i = 0; i != 3; ++i) {
    place.emplace(modules.open(module_path("basic")));
    CHECK(keep.holders().size() == 2);
  }
  place.reset();
  CHECK(keep.holders().size() == 1);
}

TEST_CASE("whatever is copied, moved, swapped and dropped at random, the list has what the count has") {
  tenure::manager<> modules;
  const tenure::module keep = modules.open(module_path("basic"));
  std::vector<tenure::module> handles(64);
  std::mt19937 dice(7);
  for (int step = 0; step != 20'000; ++step) {
    tenure::module& a = handles[dice() % handles.size()];
    tenure::module& b = handles[dice() % handles.size()];
    switch (dice() % 5) {
    case 0:
      a = keep;
      break;
    case 1:
      a = b;
      break;
    case 2:
      a = std::move(b);
      break;
    case 3:
      swap(a, b);
      break;
    default:
      a.reset();
    }
    if (step % 500 != 0) continue;
    const auto full = std::count_if(handles.begin(), handles.end(),
                                    [](const tenure::module& m) { return static_cast<bool>(m); });
    const tenure::holder_list all = keep.holders();
    CHECK(all.size() == static_cast<std::size_t>(full) + 1);
    CHECK(all.unlisted() == 0);
  }
}

TEST_CASE("a handle's end is known to the next load's list: nobody of the old one is in it") {
  tenure::manager<tenure::policy::immediate> modules;
  auto first = std::make_unique<tenure::module>(modules.open(module_path("basic")));
  first.reset();
  const tenure::module again = modules.open(module_path("basic"));
  CHECK(listed(again) == entry(holder_kind::handle, __LINE__ - 1));
}
