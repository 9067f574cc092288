// Idle modules by the time at which they are due: against a list that is looked through each time.
#include "record.hpp"

#include <tenure/detail/due_lists.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

using tenure::duration;
using tenure::idle_list;
using tenure::time_point;
using tenure::detail::due_lists;

namespace {

class some_module final : public tenure::idle_module {
public:
  explicit some_module(time_point due)
      : tenure::idle_module(refs_) {
    stamp = due;
  }

private:
  tenure::detail::word refs_ = 0;
};

struct listed_modules {
  due_lists lists;
  std::deque<some_module> modules;
  std::vector<tenure::idle_module*> in_them;
  time_point now;

  explicit listed_modules(time_point start)
      : now(start) {
    idle_list none;
    lists.take_due(now, none);
  }
  void add(duration ahead) {
    in_them.push_back(&modules.emplace_back(now + ahead));
    lists.add(modules.back());
  }
  // What is due by then, by the slow way; and that the other way gives the same.
  void look_at(time_point when) {
    now = when;
    idle_list due;
    lists.take_due(now, due);
    std::vector<tenure::idle_module*> found;
    while (!due.empty()) found.push_back(&due.pop_front());
    const auto first_left = std::partition(in_them.begin(), in_them.end(), [&](const tenure::idle_module* m) {
      return m->stamp - now <= duration{};
    });
    CHECK(std::is_permutation(found.begin(), found.end(), in_them.begin(), first_left));
    in_them.erase(in_them.begin(), first_left);
    check_first();
  }
  void check_first() {
    const auto earliest = std::min_element(in_them.begin(), in_them.end(),
                                           [](auto* a, auto* b) { return a->stamp - b->stamp < duration{}; });
    REQUIRE(lists.empty() == in_them.empty());
    REQUIRE((lists.first() == nullptr) == in_them.empty());
    if (!in_them.empty()) CHECK(lists.first()->stamp == (*earliest)->stamp);
  }
};

void play(time_point start, std::uint64_t seed) {
  listed_modules w(start);
  std::mt19937_64 random(seed);
  const auto some_time = [&] { return duration(static_cast<std::int64_t>(random() >> (3 + random() % 60))); };
  for (int i = 0; i != 2'000; ++i) {
    if (random() % 3 != 0 || w.in_them.empty()) {
      w.add(some_time());
    } else if (random() % 2 == 0) {
      const auto one = w.in_them.begin() + static_cast<std::ptrdiff_t>(random() % w.in_them.size());
      w.lists.remove(**one);
      w.in_them.erase(one);
      w.check_first();
    } else {
      w.look_at(w.now + duration(static_cast<std::int64_t>(random() >> (20 + random() % 43))));
    }
  }
}

} // namespace

TEST_CASE("what is taken is what is due, and the first is the first") {
  for (std::uint64_t seed = 1; seed != 20; ++seed) play(time_point(1'000), seed);
}

TEST_CASE("the same when the clock wraps round") {
  for (std::uint64_t seed = 1; seed != 20; ++seed) play(time_point(INT64_MAX - 1'000'000'000), seed);
}

TEST_CASE("a clock that goes back makes nothing due, and loses nothing") {
  listed_modules w(time_point(1'000'000));
  w.add(duration(10));
  w.now = time_point(500'000);
  w.add(duration(10)); // due before the last look: at the next
  idle_list due;
  w.lists.take_due(w.now, due);
  CHECK(due.empty());
  w.lists.take_due(time_point(1'000'000), due);
  CHECK(due.size() == 1);
  w.lists.take_due(time_point(1'000'010), due);
  CHECK(due.size() == 2);
  CHECK(w.lists.empty());
}

TEST_CASE("what has been idle for a delay is found in all lists") {
  listed_modules w(time_point(0));
  for (int i = 1; i != 50; ++i) {
    w.add(duration(std::int64_t{1} << i));
    tenure::detail::idle_access::note_idle(w.modules.back(), time_point(i), 0); // forgets the stamp
    w.modules.back().stamp = w.now + duration(std::int64_t{1} << i);
  }
  idle_list found;
  w.lists.take_idle(time_point(50), duration(30), found);
  CHECK(found.size() == 20);
  w.lists.take_all(found);
  CHECK(found.size() == 49);
  CHECK(w.lists.empty());
  CHECK(w.lists.first() == nullptr);
}
