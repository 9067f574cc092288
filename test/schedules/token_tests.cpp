// Every interleaving of what threads do to one token source.
// Oracle: a source ends exactly once; no token is given after it has ended; no deadlock.
#include "schedules/fake_system.hpp"
#include "schedules/wanted.hpp"
#include "support/scheduler.hpp"

#include <tenure/token.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>

namespace schedule = tenure_test::schedule;
using tenure_test::wanted;

namespace {

struct world {
  tenure_test::fake_system system; // its clock
  int container_ended = 0;
  int part_ended = 0;
  std::optional<tenure::token_source> container{hook(container_ended)};
  std::optional<tenure::token_source> part;
  tenure::token first, second;

  static tenure::final_hook hook(int& count) {
    return {[](void* context, const tenure::final_revoke&) noexcept { ++*static_cast<int*>(context); },
            &count};
  }
};

using body = std::function<void(world&)>;

void survives(const std::vector<body>& bodies, const body& prepare, const body& check) {
  const auto make = [&] {
    auto w = std::make_shared<world>();
    prepare(*w);
    schedule::test_case made;
    for (const body& b : bodies) made.fibers.push_back([w, b] { b(*w); });
    made.check = [w, check] { check(*w); };
    return made;
  };
  for (const schedule::strategy how :
       {schedule::strategy::random_walk, schedule::strategy::pct, schedule::strategy::exhaustive}) {
    schedule::options options;
    options.how = how;
    options.distinct = wanted();
    options.schedules = 10 * wanted(); // random choices repeat themselves
    const schedule::result ran = schedule::explore(options, make);
    CAPTURE(ran.describe());
    CHECK(ran.passed());
    CHECK(ran.distinct > 10);
  }
}

void acquire_and_revoke(world& w) {
  tenure::failure why;
  const tenure::token held = w.container->acquire(why);
  if (held)
    schedule::require(!w.container->ended() && w.container_ended == 0, "what gives a token has not ended");
  else
    schedule::require(why.code() == tenure::errc::lifetime_ended, "a refusal says why");
}

} // namespace

TEST_CASE("an acquire beside the last revoke gets a token in time, or none") {
  survives(
      {[](world& w) { w.first.reset(); }, acquire_and_revoke, acquire_and_revoke},
      [](world& w) { w.first = w.container->acquire(); },
      [](world& w) { schedule::require(w.container_ended == 1 && w.container->ended(), "it ended once"); });
}

TEST_CASE("two revokes beside each other end a source once") {
  survives(
      {[](world& w) { w.first.reset(); }, [](world& w) { w.second.reset(); }},
      [](world& w) {
        w.first = w.container->acquire();
        w.second = w.container->acquire();
      },
      [](world& w) { schedule::require(w.container_ended == 1, "it ended once"); });
}

TEST_CASE("a part's end and its container's come in order, whoever revokes") {
  survives(
      {[](world& w) { w.first.reset(); }, [](world& w) { w.second.reset(); }, acquire_and_revoke},
      [](world& w) {
        w.part.emplace(w.container->part(world::hook(w.part_ended)));
        w.first = w.part->acquire();
        w.second = w.container->acquire();
      },
      [](world& w) {
        schedule::require(w.part_ended == 1 && w.container_ended == 1, "each ended once");
        schedule::require(w.container->count() == 0, "the part's token is back");
      });
}

TEST_CASE("a container that is destroyed beside its part's last revoke waits for that part's hook") {
  survives(
      {[](world& w) { w.first.reset(); },
       [](world& w) {
         w.container.reset();
         schedule::require(w.part_ended == 1, "the part's hook has run");
       }},
      [](world& w) {
        w.part.emplace(w.container->part(world::hook(w.part_ended)));
        w.first = w.part->acquire();
      },
      [](world& w) { schedule::require(w.part_ended == 1 && w.container_ended <= 1, "each at most once"); });
}

TEST_CASE("a part that begins while its container ends is refused, or ended with it") {
  survives(
      {[](world& w) { w.first.reset(); },
       [](world& w) {
         try {
           w.part.emplace(w.container->part(world::hook(w.part_ended)));
         } catch (const std::exception&) {
           schedule::require(w.container->ended(), "only an ended container refuses");
         }
       }},
      [](world& w) { w.first = w.container->acquire(); },
      [](world& w) {
        schedule::require((w.container_ended == 1) == !w.part.has_value(), "the part holds its container");
        w.part.reset();
        schedule::require(w.container_ended == 1, "and gives it back");
      });
}
