// What System.AddIn's users were bitten by, and what happens here instead. M-H8 is in maf_shutdown_tests.cpp.
#include "scenarios/parts.hpp"
#include "support/emulated.hpp"
#include "support/sanitizers.hpp"
#include "support/until.hpp"

#include <tenure/sweeper.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

using scenarios::diary;
using scenarios::tells;
using scenarios::world;
using tenure::errc;

namespace {

// One source whose last token is revoked by one thread while another asks for one.
struct trial {
  std::atomic<int> ended{0}; // how often the hook ran
  std::optional<tenure::token_source> source;
  tenure::token last;
  tenure::token got;
};

constexpr int trials_at_once = 5'000;

struct race_result {
  long refused = 0;
  long given = 0;          // before the end, which then waited for it
  long given_after = 0;    // the fault: a token of a source that had ended
  long ended_not_once = 0; // the fault: no end, or two
};

// All at once, so that the two threads meet in the middle of many of them.
void race(std::vector<trial>& trials, race_result& result) {
  for (trial& t : trials) {
    t.ended = 0;
    t.source.emplace(tenure::final_hook{[](void* context, const tenure::final_revoke&) noexcept {
                                          ++*static_cast<std::atomic<int>*>(context);
                                        },
                                        &t.ended});
    t.last = t.source->acquire();
  }
  // Each goes on when the other has come as far, or is long in coming: it may have no processor just now.
  std::atomic<int> done[2] = {-1, -1};
  const auto beside = [&](int me, auto&& each) {
    constexpr int patience = 300; // looks
    for (int i = 0; i != trials_at_once; ++i) {
      done[me] = i;
      for (int looks = 0; done[1 - me] < i && looks != patience; ++looks) {
      }
      each(trials[static_cast<std::size_t>(i)]);
    }
    done[me] = trials_at_once;
  };
  std::thread revoker([&] { beside(0, [](trial& t) { t.last.reset(); }); });
  beside(1, [&](trial& t) {
    tenure::failure why;
    t.got = t.source->acquire(why);
    if (t.got && (t.source->ended() || t.ended != 0)) ++result.given_after;
    if (!t.got && why.code() == errc::lifetime_ended) ++result.refused;
  });
  revoker.join();
  for (trial& t : trials) {
    if (t.got) ++result.given;
    t.got.reset();
    if (t.ended != 1) ++result.ended_not_once;
    t.source.reset();
  }
}

} // namespace

TEST_CASE("M-H1: in a million races (100,000 where they take minutes) no token is handed out after the final "
          "revoke") {
  std::vector<trial> trials(trials_at_once);
  race_result result;
  constexpr long wanted = tenure_test::races_take_long ? 100'000 : 1'000'000;
  for (long n = 0; n != wanted; n += trials_at_once) race(trials, result);
  MESSAGE(result.given << " tokens given before the end, " << result.refused << " refused after it");
  CHECK(result.given + result.refused == wanted);
  CHECK(result.given > 0); // they did meet
  CHECK(result.refused > 0);
  CHECK(result.given_after == 0);
  CHECK(result.ended_not_once == 0);
}

TEST_CASE("M-H2: the final hook runs under no lock: meanwhile others get their answers") {
  struct scene {
    std::optional<tenure::token_source> source;
    errc other_thread = errc::ok;
  } s;
  s.source.emplace(tenure::final_hook{[](void* context, const tenure::final_revoke&) noexcept {
                                        auto& at = *static_cast<scene*>(context);
                                        std::thread other([&] {
                                          tenure::failure why;
                                          CHECK_FALSE(at.source->acquire(why));
                                          at.other_thread = why.code();
                                        });
                                        other.join();
                                      },
                                      &s});
  s.source->acquire().reset();
  CHECK(s.other_thread == errc::lifetime_ended);
}

TEST_CASE("M-H2: in the final hook, and on another thread meanwhile, modules are opened, swept, closed and "
          "shut down") {
  struct scene {
    world<> w;
    std::optional<tenure::token_source> source;
    int done = 0;
    void use_all(const std::string& file) {
      {
        const tenure::module m = w.modules.open(file);
        CHECK(m.create<plug_in>("make_first")->value() == 1);
        CHECK(tenure::controller(m).shutdown({}, tenure::shutdown_mode::refuse));
      }
      static_cast<void>(w.modules.sweep());
      static_cast<void>(w.modules.final_close());
      CHECK(w.modules.open(file).create<plug_in>("make_first")->value() == 1);
      ++done;
    }
  } s;
  const std::string own = s.w.folder.copy("part_c");
  s.source.emplace(s.w.modules.open(own),
                   tenure::final_hook{[](void* context, const tenure::final_revoke&) noexcept {
                                        auto& at = *static_cast<scene*>(context);
                                        std::thread other([&] { at.use_all(at.w.b); });
                                        other.join();
                                        at.use_all(at.w.a);
                                      },
                                      &s});
  s.source->acquire().reset();
  CHECK(s.done == 2);
}

TEST_CASE("M-H2: the final hook may destroy its own source, and one that another thread runs is waited for") {
  struct scene {
    std::unique_ptr<tenure::token_source> source;
    tenure_test::signal entered, go;
    std::atomic<bool> left{false};
  } s;
  s.source = std::make_unique<tenure::token_source>(
      tenure::final_hook{[](void* context, const tenure::final_revoke&) noexcept { // delete this
                           static_cast<scene*>(context)->source.reset();
                         },
                         &s});
  s.source->acquire().reset();
  CHECK(s.source == nullptr);

  s.source = std::make_unique<tenure::token_source>(
      tenure::final_hook{[](void* context, const tenure::final_revoke&) noexcept {
                           auto& at = *static_cast<scene*>(context);
                           at.entered.set();
                           CHECK(at.go.wait());
                           at.left = true;
                         },
                         &s});
  std::thread last([held = s.source->acquire()]() mutable { held.reset(); });
  CHECK(s.entered.wait());
  s.go.set();
  s.source.reset();
  CHECK(s.left);
  last.join();
}

TEST_CASE("M-H3: a hold that is lost ends at its scope, not some time later, and the hook is told which one "
          "was last") {
  struct scene {
    tenure::token_id last;
    std::string holder;
  } s;
  const tenure::token_source source({[](void* context, const tenure::final_revoke& what) noexcept {
                                       static_cast<scene*>(context)->last = what.last;
                                       static_cast<scene*>(context)->holder = what.holder;
                                     },
                                     &s});
  tenure::token_id id;
  const unsigned line = __LINE__ + 2;
  {
    const tenure::token lost = source.acquire();
    id = lost.id();
  }
  CHECK(source.ended());
  CHECK(s.last == id);
  CHECK(s.holder == "maf_hazards_tests.cpp:" + std::to_string(line));
}

TEST_CASE("M-H4: what a peer holds ends with it, also if it ends by an exception") {
  diary told;
  const tenure::token_source source(tells(told));
  const auto peer = [&] {
    std::vector<tenure::token> connection;
    for (int i = 0; i != 10; ++i) connection.push_back(source.acquire());
    throw std::runtime_error("the peer crashed");
  };
  std::thread thread([&] { CHECK_THROWS_AS(peer(), std::runtime_error); });
  thread.join();
  CHECK(source.count() == 0);
  CHECK(told.size() == 1);
}

TEST_CASE("M-H5: no hook can keep the container's token from coming back") {
  static_assert(!std::is_assignable_v<decltype(tenure::final_hook::call)&,
                                      void (*)(void*, const tenure::final_revoke&)>,
                "a hook that may throw does not compile");
  diary told;
  const tenure::token_source container(tells(told));
  const tenure::token_source part = container.part({[](void*, const tenure::final_revoke&) noexcept {
                                                      try {
                                                        throw std::runtime_error("inside the hook");
                                                      } catch (const std::runtime_error&) {
                                                      }
                                                    },
                                                    nullptr});
  part.acquire().reset();
  CHECK(part.ended());
  CHECK(told.lines() == std::vector<std::string>{"last revoke"});
}

TEST_CASE("M-H6: a part has its container from the beginning, however early it is used") {
  diary told;
  tenure::token_source container(tells(told));
  tenure::token_source part = container.part();
  CHECK(container.count() == 1);
  tenure::token first = part.acquire();
  const tenure::token_source moved = std::move(part); // still the same container
  first.reset();
  CHECK(moved.ended());
  CHECK(container.ended());
  CHECK(told.size() == 1);
}

TEST_CASE("M-H6: a container that is destroyed ends its parts first, and their tokens are no danger") {
  diary told;
  auto container = std::make_unique<tenure::token_source>(tells(told));
  const tenure::token_source part = container->part(tells(told));
  tenure::token held = part.acquire();
  container.reset();
  CHECK(told.lines() ==
        std::vector<std::string>{"container ended"}); // the part's; the owner knows of its own
  CHECK(part.ended());
  tenure::failure why;
  held.check(why);
  CHECK(why.code() == errc::lifetime_ended);
  CHECK_FALSE(part.acquire(why));
  CHECK(why.code() == errc::lifetime_ended);
  held.reset();
}

TEST_CASE(
    "M-H7: an unload that cannot be done yet is told again and again, with the reason, until it is done" *
    doctest::skip(!tenure_test::loader_unmaps() || tenure_test::emulated)) {
  tenure_test::scratch folder;
  const std::string file = folder.copy("part_a");
  tenure::manager<tenure::policy::immediate, tenure::departure_check::threads> modules;
  struct seen {
    std::atomic<int> deferred{0};
    std::atomic<bool> named{true};
    std::atomic<bool> gone{false};
  } s;
  const tenure::sweep_observer observer{[](void* context, const tenure::unload_report& report) noexcept {
                                          auto& to = *static_cast<seen*>(context);
                                          for (const tenure::unload_entry& e : report) {
                                            if (e.outcome == tenure::unload_outcome::gone) to.gone = true;
                                            if (e.outcome != tenure::unload_outcome::deferred) continue;
                                            ++to.deferred;
                                            if (std::string(e.detail).find("thread ") != 0) to.named = false;
                                          }
                                        },
                                        &s};
  tenure::sweeper sweeper(modules, tenure::microseconds(100), observer);
  std::atomic<bool> leave{false}, inside{false};
  tenure::module held = modules.open(file);
  const auto stay = held.symbol<int(const std::atomic<bool>*, std::atomic<bool>*)>("stay").get();
  std::thread caller([&] { stay(&leave, &inside); });
  CHECK(tenure_test::eventually([&] { return inside.load(); }));
  held.reset();
  CHECK(tenure_test::eventually([&] { return s.deferred >= 20; })); // MAF gave up after 17
  CHECK(!s.gone);
  leave = true;
  caller.join();
  CHECK(tenure_test::eventually([&] { return s.gone.load(); }));
  CHECK(s.named);
}

TEST_CASE(
    "M-H9: an identity is a place and its generation: a stale one is told from an unknown one at once") {
  const tenure::token_source source;
  const tenure::token keeps = source.acquire();
  std::vector<tenure::token_id> ids;
  for (int i = 0; i != 20'000; ++i) ids.push_back(source.acquire().detach());
  for (const tenure::token_id id : ids) source.revoke(id);
  tenure::failure why;
  for (const tenure::token_id id : ids) {
    source.revoke(id, why);
    REQUIRE(why.code() == errc::token_already_revoked);
  }
  const tenure::token reuses = source.acquire(); // a place that was used before
  source.revoke(ids.back(), why);
  CHECK(why.code() == errc::token_already_revoked);
  CHECK(source.count() == 2);
}

TEST_CASE("M-H10: however many tokens a part gives, its container counts one") {
  world w;
  const tenure::token_source container(w.modules.open(w.a));
  const tenure::token_source part = container.part();
  std::vector<tenure::token> held;
  for (int i = 0; i != 1'000; ++i) held.push_back(part.acquire());
  CHECK(container.count() == 1);
  CHECK(w.modules.report().begin()->references == 1);
}
