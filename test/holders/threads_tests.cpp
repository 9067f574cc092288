// Threads that take and drop while others list; and children of fork().
#include "held.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <ostream>
#include <thread>
#include <vector>

using tenure::holder_kind;
using tenure_test::module_path;

TEST_CASE("a holder says which thread took it, wherever it is dropped") {
  tenure::manager<> modules;
  const tenure::module basic = modules.open(module_path("basic"));
  tenure::pin pinned;
  std::thread([&] { pinned = basic.pin(); }).join();
  const tenure::holder_list all = basic.holders();
  const tenure::holder pin = tenure_test::only(all, holder_kind::pin);
  CHECK(pin.thread != 0);
  CHECK(pin.thread != tenure_test::only(all, holder_kind::handle).thread);
  CHECK(pin.age <= tenure_test::only(all, holder_kind::handle).age);
}

TEST_CASE("lists taken while eight threads copy, move and drop never miss a handle that stays") {
  tenure::manager<> modules;
  tenure::module staying = modules.open(module_path("basic"));
  const unsigned line = __LINE__ - 1;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i != 8; ++i)
    threads.emplace_back([&] {
      std::vector<tenure::module> mine(4);
      for (unsigned n = 0; !stop.load(); ++n) {
        mine[n % 4] = staying;
        mine[(n + 1) % 4] = std::move(mine[n % 4]);
        const tenure::pin pinned = mine[(n + 1) % 4].pin();
        const auto answer = staying.symbol<int()>("answer");
        swap(mine[n % 4], mine[(n + 2) % 4]);
      }
    });
  int missed = 0;
  for (int i = 0; i != 200; ++i) {
    int seen = 0;
    for (const tenure::holder& h : staying.holders()) seen += h.taken.line == line ? 1 : 0;
    missed += seen == 1 ? 0 : 1;
  }
  stop = true;
  for (std::thread& t : threads) t.join();
  CHECK(missed == 0);
  CHECK(staying.holders().size() == 1);
  CHECK(staying.holders().unlisted() == 0);
}

TEST_CASE("a handle that wanders between two places is in every list, once") {
  tenure::manager<> modules;
  tenure::module places[2] = {modules.open(module_path("basic")), {}};
  const unsigned line = __LINE__ - 1;
  const tenure::module keep = places[0];
  std::atomic<bool> stop{false};
  std::thread wanderer([&] {
    while (!stop.load()) {
      places[1] = std::move(places[0]);
      swap(places[0], places[1]);
    }
  });
  int missed = 0;
  for (int i = 0; i != 500; ++i) {
    int seen = 0;
    for (const tenure::holder& h : keep.holders()) seen += h.taken.line == line ? 1 : 0;
    missed += seen == 1 ? 0 : 1;
  }
  stop = true;
  wanderer.join();
  CHECK(missed == 0);
}
