// Places with identities: with eight bits for a generation the end of them is soon reached.
#include "slots.hpp"

#include <doctest/doctest.h>

#include <set>
#include <vector>

using tenure::detail::key_answer;
using table = tenure::detail::slot_table<int, std::uint8_t>;

namespace {

std::uint64_t put(table& t, int value) {
  const std::uint64_t key = t.take();
  t.taken(key) = value;
  t.publish(key);
  return key;
}

key_answer ask(table& t, std::uint64_t key) {
  key_answer answer;
  static_cast<void>(t.find(key, answer));
  return answer;
}

} // namespace

TEST_CASE("a key finds its value, and after that nothing else ever") {
  for (const int begin : {0, 7, 255}) {
    const auto first = static_cast<std::uint8_t>(begin);
    table t{first};
    std::set<std::uint64_t> seen;
    for (int i = 0; i != 1'000; ++i) { // a place lasts for 256
      const std::uint64_t key = put(t, i);
      REQUIRE(seen.insert(key).second);
      key_answer answer;
      REQUIRE(*t.find(key, answer) == i);
      for (const std::uint64_t old : seen)
        REQUIRE(ask(t, old) == (old == key ? key_answer::found : key_answer::stale));
      REQUIRE(t.remove(key) == i);
      REQUIRE(t.used() == 0);
    }
  }
}

TEST_CASE("null, a key of the future and a key beyond the places are told apart from stale ones") {
  table t{200};
  CHECK(ask(t, 0) == key_answer::null);
  CHECK(ask(t, 1) == key_answer::unknown);
  const std::uint64_t key = put(t, 1);
  CHECK(ask(t, key + 1) == key_answer::unknown);
  CHECK(ask(t, key + (std::uint64_t{1} << 32)) == key_answer::unknown);
  CHECK(ask(t, key | std::uint64_t{1} << 60) == key_answer::unknown); // beyond a generation's bits
  const std::uint64_t taken = t.take();
  CHECK(ask(t, taken) == key_answer::unknown); // until it is published
  t.give_back(taken);
  CHECK(ask(t, taken) == key_answer::unknown);
  CHECK(put(t, 2) == taken); // which nobody has ever seen
}

TEST_CASE("values stay where they are while the table grows") {
  table t;
  const std::uint64_t key = put(t, 42);
  key_answer answer;
  const int* const place = t.find(key, answer);
  for (int i = 0; i != 1'000; ++i) put(t, i);
  CHECK(t.find(key, answer) == place);
  CHECK(*place == 42);
  CHECK(t.used() == 1'001);
  CHECK(t.find_if([](int v) { return v == -1; }) == 0);
  CHECK(t.find_if([](int v) { return v == 42; }) == key);
}
