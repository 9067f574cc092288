// A child of fork() has the list of its parent, whatever the parent's other threads were in the middle of.
#include "held.hpp"
#include "support/child.hpp"
#include "support/sanitizers.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <ostream>
#include <thread>
#include <vector>

using tenure_test::module_path;

namespace {

constexpr unsigned hang = 60; // seconds after which a child counts as hanging, and is killed by its alarm

// True if it could list, take and drop.
bool use_list(const tenure::module& keep) {
  const std::size_t before = keep.holders().size();
  const tenure::module one_more = keep;
  const tenure::pin pinned = keep.pin();
  return before != 0 && keep.holders().size() == before + 2;
}

} // namespace

TEST_CASE("children can list, take and drop while the parent's threads copy handles without pause" *
          doctest::skip(!tenure_test::allocator_survives_fork)) {
  tenure::manager<> modules;
  const tenure::module keep = modules.open(module_path("basic"));
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i != 4; ++i)
    threads.emplace_back([&] {
      while (!stop.load()) {
        tenure::module copy = keep;
        const tenure::module moved = std::move(copy);
        const tenure::pin pinned = moved.pin();
      }
    });
  int failed = 0;
  for (int i = 0; i != 50; ++i) failed += tenure_test::in_child([&] { return use_list(keep); }, hang) ? 0 : 1;
  stop = true;
  for (std::thread& t : threads) t.join();
  CHECK(failed == 0);
  CHECK(keep.holders().size() == 1);
}
