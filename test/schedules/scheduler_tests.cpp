#include "support/scheduler.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <exception>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// Small algorithms whose bugs are known, each with its right version. The wrong one proves that the scheduler
// finds such bugs; the right one, that it does not invent any.

namespace schedule = tenure_test::schedule;
using schedule::explore;
using schedule::failure_kind;
using schedule::options;
using schedule::require;
using schedule::result;
using schedule::strategy;
using schedule::test_case;
using tenure::sync::condition;
using tenure::sync::mutex;
using tenure::sync::this_thread_id;

namespace {

/// What code under test looks like after its macro: a step before each operation.
class stepped_int {
public:
  explicit stepped_int(int start)
      : value_(start) {}

  int load() {
    tenure_schedule_step_at("load");
    return value_.load();
  }
  void store(int value) {
    tenure_schedule_step_at("store");
    value_.store(value);
  }
  int fetch_add(int more) {
    tenure_schedule_step_at("fetch_add");
    return value_.fetch_add(more);
  }
  bool compare_exchange(int& expected, int desired) {
    tenure_schedule_step_at("compare_exchange");
    return value_.compare_exchange_strong(expected, desired);
  }
  /// For checks: no step.
  [[nodiscard]] int final() const { return value_.load(); }

private:
  std::atomic<int> value_;
};

class scoped_lock {
public:
  explicit scoped_lock(mutex& held)
      : held_(held) {
    held_.lock();
  }
  ~scoped_lock() { held_.unlock(); }
  scoped_lock(const scoped_lock&) = delete;
  scoped_lock& operator=(const scoped_lock&) = delete;

private:
  mutex& held_;
};

/// Every fiber runs `body(state, its number)` on a state made for this schedule.
template <typename State, typename Body, typename Check>
schedule::case_factory on_shared(unsigned fibers, Body body, Check check) {
  return [=] {
    auto state = std::make_shared<State>();
    test_case fresh;
    for (unsigned fiber = 0; fiber < fibers; ++fiber) fresh.fibers.emplace_back([=] { body(*state, fiber); });
    fresh.check = [=] { check(*state); };
    return fresh;
  };
}

void print(const char* what, const result& ran) {
  const double rate = ran.seconds > 0 ? static_cast<double>(ran.schedules) / ran.seconds : 0;
  std::printf("  %-52s %8zu schedules %8zu distinct %10zu steps %7.3f s %9.0f /s\n", what, ran.schedules,
              ran.distinct, ran.steps, ran.seconds, rate);
}

/// By all three strategies; the first failure found must be the expected one and must come again when
/// replayed.
void must_be_caught(const char* what, const schedule::case_factory& make, failure_kind expected) {
  for (const strategy how : {strategy::random_walk, strategy::pct, strategy::exhaustive}) {
    const result found = explore({.how = how, .schedules = 10'000}, make);
    print(what, found);
    CAPTURE(found.describe());
    REQUIRE(found.first_failure);
    CHECK(found.first_failure->kind == expected);
    const result again = explore({.how = how, .replay = found.first_failure->replay}, make);
    REQUIRE(again.first_failure);
    CHECK(again.schedules == 1);
    CHECK(again.first_failure->what == found.first_failure->what);
    CHECK(again.first_failure->trace == found.first_failure->trace);
  }
}

constexpr std::size_t many = 100'000;

/// The limit on schedules leaves room for those that the random walk meets twice.
void must_pass(const char* what, const schedule::case_factory& make) {
  const result walked = explore({.schedules = 3 * many, .distinct = many}, make);
  print(what, walked);
  CAPTURE(walked.describe());
  CHECK(walked.passed());
  CHECK(walked.distinct >= many);
  const result ranked = explore({.how = strategy::pct, .schedules = 20'000}, make);
  CAPTURE(ranked.describe());
  CHECK(ranked.passed());
  const result searched = explore({.how = strategy::exhaustive, .schedules = 20'000}, make);
  CAPTURE(searched.describe());
  CHECK(searched.passed());
}

void nothing_to_check(const auto&) {}

// ---- lost update
// --------------------------------------------------------------------------------------------------

struct tally {
  stepped_int hits{0};
};

constexpr int hits_each = 6;

void count_by_load_and_store(tally& shared, unsigned) {
  for (int hit = 0; hit < hits_each; ++hit) shared.hits.store(shared.hits.load() + 1);
}

void count_by_adding(tally& shared, unsigned) {
  for (int hit = 0; hit < hits_each; ++hit) shared.hits.fetch_add(1);
}

void all_hits_counted(const tally& shared) {
  require(shared.hits.final() == 3 * hits_each, "every hit is counted");
}

// ---- a reference count that closes at zero
// ------------------------------------------------------------------------

/// A record in a table: whoever finds it there may revive it from zero. The table is the `listed` flag.
struct record {
  mutex table;
  bool listed = true;
  stepped_int count{1}; ///< fiber 0 begins with the reference
  int closes = 0;
  bool open = true;

  void use() const { require(open, "nobody uses a closed module"); }

  void close_locked() {
    require(open, "nobody closes a module twice");
    listed = false;
    open = false;
    ++closes;
    schedule::note("closed");
  }

  bool acquire() {
    const scoped_lock alone(table);
    if (listed) count.fetch_add(1);
    return listed;
  }

  /// Between the zero and the lock another one revives it: then this one closes what is in use, or closes
  /// after him.
  void release_decrement_then_lock() {
    if (count.fetch_add(-1) != 1) return;
    const scoped_lock alone(table);
    close_locked();
  }

  /// The last reference is dropped under the lock, where nobody can find the record.
  void release_unless_last() {
    for (int seen = count.load(); seen > 1;)
      if (count.compare_exchange(seen, seen - 1)) return;
    const scoped_lock alone(table);
    if (count.fetch_add(-1) == 1) close_locked();
  }
};

template <void (record::*Release)()> void hold_use_release(record& shared, unsigned fiber) {
  if (fiber == 0) {
    shared.use();
    (shared.*Release)();
  }
  for (int round = 0; round < 2; ++round) {
    if (!shared.acquire()) return;
    shared.use();
    tenure_schedule_step();
    shared.use();
    (shared.*Release)();
  }
}

void closed_once(const record& shared) {
  require(shared.closes == 1, "the module is closed exactly once");
  require(shared.count.final() == 0, "no reference is left");
}

// ---- two mutexes in two orders
// ------------------------------------------------------------------------------------

struct two_accounts {
  mutex first;
  mutex second;
  int moved = 0;
};

constexpr int transfers = 4;

void transfer(two_accounts& shared, mutex& outer, mutex& inner) {
  const scoped_lock one(outer);
  const scoped_lock other(inner);
  ++shared.moved;
}

void lock_in_both_orders(two_accounts& shared, unsigned fiber) {
  for (int turn = 0; turn < transfers; ++turn) {
    if (fiber == 1)
      transfer(shared, shared.second, shared.first);
    else
      transfer(shared, shared.first, shared.second);
  }
}

void lock_in_one_order(two_accounts& shared, unsigned) {
  for (int turn = 0; turn < transfers; ++turn) {
    transfer(shared, shared.first, shared.second);
    tenure_schedule_step();
  }
}

void all_transferred(const two_accounts& shared) {
  require(shared.moved == 3 * transfers, "every transfer is made");
}

// ---- lost wake-up
// -------------------------------------------------------------------------------------------------

/// Fiber 0 produces; the others consume one each.
struct mailbox {
  mutex guard;
  condition filled;
  stepped_int letters{0};

  /// The look and the wait are one step under the mutex; but the letter comes without it, so between the two.
  void put_unlocked() {
    letters.fetch_add(1);
    filled.notify_all();
  }

  void put() {
    const scoped_lock alone(guard);
    letters.fetch_add(1);
    filled.notify_all();
  }

  void take() {
    const scoped_lock alone(guard);
    while (letters.load() == 0) filled.wait(guard);
    letters.fetch_add(-1);
  }

  /// Takes a wake-up for a letter.
  void take_without_looking_again() {
    const scoped_lock alone(guard);
    if (letters.load() == 0) filled.wait(guard);
    require(letters.fetch_add(-1) > 0, "a letter is there for whoever was woken");
  }
};

template <void (mailbox::*Put)(), void (mailbox::*Take)(), int Rounds>
void exchange_letters(mailbox& shared, unsigned fiber) {
  for (int round = 0; round < Rounds; ++round) {
    if (fiber != 0)
      (shared.*Take)();
    else
      for (int consumer = 0; consumer < 2; ++consumer) (shared.*Put)();
  }
}

void no_letter_left(const mailbox& shared) { require(shared.letters.final() == 0, "every letter is taken"); }

// ---- for the scheduler itself
// -------------------------------------------------------------------------------------

struct nothing {};

template <int Steps> void only_step(nothing&, unsigned) {
  for (int step = 0; step < Steps; ++step) tenure_schedule_step();
}

struct step_in_destructor {
  std::vector<int>* uncaught;
  ~step_in_destructor() {
    tenure_schedule_step();
    uncaught->push_back(std::uncaught_exceptions());
  }
};

/// Pauses while its exception is on the way and again in the handler, then asks whose it has.
void throw_and_rethrow(unsigned fiber) {
  const std::string mine = std::to_string(fiber);
  std::vector<int> uncaught;
  try {
    const step_in_destructor pause{&uncaught};
    throw std::runtime_error(mine);
  } catch (const std::exception&) {
    tenure_schedule_step();
    try {
      throw;
    } catch (const std::exception& thrown) {
      require(thrown.what() == mine, "each fiber rethrows its own exception");
    }
  }
  require(uncaught == std::vector<int>{1}, "each fiber counts its own uncaught exceptions");
  require(std::uncaught_exceptions() == 0, "a fiber that caught has nothing uncaught");
}

struct spin_gate {
  stepped_int open{0};
};

template <bool Yields> void wait_by_looking(spin_gate& gate, unsigned fiber) {
  if (fiber == 2) return gate.open.store(1);
  while (gate.open.load() == 0)
    if (Yields) tenure_schedule_yield();
}

result run_all(const schedule::case_factory& make, unsigned bound) {
  return explore({.how = strategy::exhaustive, .preemption_bound = bound}, make);
}

struct per_thread {
  int value;
  std::array<char, 200> rest;
};

} // namespace

// ---- known bugs are caught
// ----------------------------------------------------------------------------------------

TEST_CASE("a counter that loads, adds and stores loses an update, and the scheduler finds it") {
  must_be_caught("lost update", on_shared<tally>(3, count_by_load_and_store, all_hits_counted),
                 failure_kind::check);
}

TEST_CASE("a reference count that reaches zero before it locks closes too much, and the scheduler finds it") {
  must_be_caught("decrement to zero, then lock",
                 on_shared<record>(3, hold_use_release<&record::release_decrement_then_lock>, closed_once),
                 failure_kind::check);
}

TEST_CASE("two mutexes locked in two orders block each other, and the scheduler says who waits on what") {
  const auto make = on_shared<two_accounts>(3, lock_in_both_orders, all_transferred);
  must_be_caught("two mutexes in two orders", make, failure_kind::deadlock);
  const result found = explore({}, make);
  REQUIRE(found.first_failure);
  const std::string& what = found.first_failure->what;
  CAPTURE(what);
  CHECK(what.find("fiber 1 waits for mutex ") != std::string::npos);
  CHECK(what.find(", held by fiber 1") != std::string::npos);
}

TEST_CASE("a notification without the mutex is lost, and the scheduler says who waits for it") {
  const auto make =
      on_shared<mailbox>(3, exchange_letters<&mailbox::put_unlocked, &mailbox::take, 2>, no_letter_left);
  must_be_caught("lost wake-up", make, failure_kind::deadlock);
  const result found = explore({}, make);
  REQUIRE(found.first_failure);
  CHECK(found.first_failure->what.find("waits for a notification of condition 1") != std::string::npos);
}

TEST_CASE("a waiter that does not look again takes what is not there, and the scheduler finds it") {
  must_be_caught("wake-up taken for a letter",
                 on_shared<mailbox>(3,
                                    exchange_letters<&mailbox::put, &mailbox::take_without_looking_again, 1>,
                                    no_letter_left),
                 failure_kind::check);
}

TEST_CASE("a wake-up without a notification is among the schedules of a single waiter") {
  auto notified = [](mailbox& shared, unsigned fiber) {
    if (fiber == 0)
      shared.put();
    else
      shared.take_without_looking_again();
  };
  const auto make = on_shared<mailbox>(2, notified, no_letter_left);
  must_be_caught("wake-up without a notification", make, failure_kind::check);
  const result calm =
      explore({.how = strategy::exhaustive, .preemption_bound = 9, .spurious_limit = 0}, make);
  CAPTURE(calm.describe());
  CHECK(calm.passed());
  CHECK(calm.exhausted);
}

// ---- their right versions pass
// ------------------------------------------------------------------------------------

TEST_CASE("a counter that adds in one step is right in 100,000 different schedules") {
  must_pass("counter that adds", on_shared<tally>(3, count_by_adding, all_hits_counted));
}

TEST_CASE(
    "a reference count whose last reference is dropped under the lock closes once in 100,000 schedules") {
  must_pass("decrement unless last, else lock",
            on_shared<record>(3, hold_use_release<&record::release_unless_last>, closed_once));
}

TEST_CASE("two mutexes locked in one order never block in 100,000 different schedules") {
  must_pass("two mutexes in one order", on_shared<two_accounts>(3, lock_in_one_order, all_transferred));
}

TEST_CASE("a notification under the mutex arrives in 100,000 different schedules") {
  must_pass("wake-up under the mutex",
            on_shared<mailbox>(3, exchange_letters<&mailbox::put, &mailbox::take, 3>, no_letter_left));
}

// ---- the scheduler's own promises
// ---------------------------------------------------------------------------------

TEST_CASE("the exhaustive strategy runs each interleaving within its bound once") {
  const auto two_of_four = on_shared<nothing>(2, only_step<3>, nothing_to_check<nothing>);
  // A fiber with 3 steps has 4 parts. Orders of the fibers: 2. One switch inside the first: after 3 of its
  // parts.
  CHECK(run_all(two_of_four, 0).schedules == 2);
  CHECK(run_all(two_of_four, 1).schedules == 2 + 2 * 3);
  const result all = run_all(two_of_four, 8);
  CHECK(all.schedules == 70); // 8 over 4
  CHECK(all.distinct == 70);
  CHECK(all.exhausted);
  const auto three_of_three = on_shared<nothing>(3, only_step<2>, nothing_to_check<nothing>);
  CHECK(run_all(three_of_three, 9).schedules == 1680); // 9! / (3! 3! 3!)
}

TEST_CASE("the random walk reaches each of the interleavings that there are") {
  const auto make = on_shared<nothing>(3, only_step<2>, nothing_to_check<nothing>);
  CHECK(explore({.schedules = 40'000}, make).distinct == 1680);
}

TEST_CASE("equal seeds choose equally, others do not") {
  const auto choices = [](std::uint64_t seed, strategy how) {
    std::string all;
    explore({.how = how, .seed = seed, .schedules = 20},
            on_shared<nothing>(3, only_step<5>, nothing_to_check<nothing>),
            [&](const schedule::outcome& one) {
              all.append(one.choices).append(" ");
              return true;
            });
    return all;
  };
  for (const strategy how : {strategy::random_walk, strategy::pct}) {
    CHECK(choices(7, how) == choices(7, how));
    CHECK(choices(7, how) != choices(8, how));
  }
}

TEST_CASE("a report that goes on is told of every failure") {
  std::size_t told = 0;
  const result ran =
      explore({.schedules = 200}, on_shared<tally>(3, count_by_load_and_store, all_hits_counted),
              [&](const schedule::outcome& one) {
                if (one.failed != nullptr) ++told;
                return true;
              });
  CHECK(ran.schedules == 200);
  CHECK(told > 0);
  CHECK(told == ran.failures);
}

TEST_CASE("an exception that leaves a fiber fails the schedule with its words") {
  const result ran = explore({}, [] {
    return test_case{{[] { tenure_schedule_step(); }, [] { throw std::runtime_error("no such plugin"); }}};
  });
  REQUIRE(ran.first_failure);
  CHECK(ran.first_failure->kind == failure_kind::exception);
  CHECK(ran.first_failure->what == "an exception left fiber 1: no such plugin");
}

TEST_CASE("each fiber has its own exceptions, also where it pauses in a handler or while one is thrown") {
  const result ran = explore({.schedules = 5'000}, [] {
    return test_case{
        {[] { throw_and_rethrow(0); }, [] { throw_and_rethrow(1); }, [] { throw_and_rethrow(2); }}};
  });
  CAPTURE(ran.describe());
  CHECK(ran.passed());
  CHECK(std::uncaught_exceptions() == 0);
}

TEST_CASE("a requirement fails the schedule from inside a noexcept function") {
  const auto refuse = []() noexcept { require(false, "this is reached"); };
  const result ran = explore({}, [=] { return test_case{{refuse}}; });
  REQUIRE(ran.first_failure);
  CHECK(ran.first_failure->what == "fiber 0: not so: this is reached");
}

TEST_CASE("a loop that waits by looking ends where it yields, and is a step limit where it does not") {
  for (const strategy how : {strategy::random_walk, strategy::pct, strategy::exhaustive}) {
    const result polite =
        explore({.how = how, .schedules = 5'000},
                on_shared<spin_gate>(3, wait_by_looking<true>, nothing_to_check<spin_gate>));
    CAPTURE(polite.describe());
    CHECK(polite.passed());
  }
  const result rude = explore({.how = strategy::exhaustive, .step_limit = 500},
                              on_shared<spin_gate>(3, wait_by_looking<false>, nothing_to_check<spin_gate>));
  REQUIRE(rude.first_failure);
  CHECK(rude.first_failure->kind == failure_kind::step_limit);
  CHECK(rude.first_failure->trace.find("earlier lines left out") != std::string::npos);
}

TEST_CASE("wrong use of a mutex or condition fails the schedule") {
  const auto misused = [](auto body) {
    const result ran = explore({}, [=] { return test_case{{body}}; });
    REQUIRE(ran.first_failure);
    CHECK(ran.first_failure->kind == failure_kind::misuse);
    return ran.first_failure->what;
  };
  CHECK(misused([] {
          mutex twice;
          twice.lock();
          twice.lock();
        }) == "fiber 0: a fiber locks a mutex that it holds already");
  CHECK(misused([] {
          mutex unlocked;
          unlocked.unlock();
        }) == "fiber 0: a fiber unlocks a mutex that it does not hold");
  CHECK(misused([] {
          mutex gone;
          gone.lock();
        }) == "fiber 0: a fiber destroys a mutex that is locked or wanted");
  CHECK(misused([] {
          mutex unlocked;
          condition never;
          never.wait(unlocked);
        }) == "fiber 0: a fiber waits with a mutex that it does not hold");
}

TEST_CASE("a try_lock succeeds exactly where the mutex is free") {
  struct guarded {
    mutex guard;
    bool inside = false;
    int entered = 0;
    int refused = 0;
  };
  auto enter_or_leave = [](guarded& shared, unsigned) {
    if (!shared.guard.try_lock()) {
      ++shared.refused;
      return;
    }
    require(!std::exchange(shared.inside, true), "one at a time is inside");
    tenure_schedule_step();
    shared.inside = false;
    ++shared.entered;
    shared.guard.unlock();
  };
  std::set<std::pair<int, int>> seen;
  const result ran = run_all(on_shared<guarded>(2, enter_or_leave,
                                                [&](const guarded& shared) {
                                                  seen.insert({shared.entered, shared.refused});
                                                }),
                             9);
  CAPTURE(ran.describe());
  CHECK(ran.passed());
  CHECK(seen == std::set<std::pair<int, int>>{{1, 1}, {2, 0}});
}

TEST_CASE("each fiber has its own identity and its own zeroed local block") {
  auto own = [](nothing&, unsigned fiber) {
    require(this_thread_id() == fiber + 1, "the identity is the fiber's");
    auto& mine = schedule::fiber_local<per_thread>();
    require(mine.value == 0, "the block is zero at the start of each schedule");
    mine.value = static_cast<int>(fiber) + 1;
    tenure_schedule_step();
    require(schedule::fiber_local<per_thread>().value == static_cast<int>(fiber) + 1,
            "nobody else writes it");
  };
  const result ran = run_all(on_shared<nothing>(3, own, nothing_to_check<nothing>), 9);
  CAPTURE(ran.describe());
  CHECK(ran.passed());
  CHECK(schedule::fiber_local<per_thread>().value == 0);
  CHECK(this_thread_id() > schedule::most_fibers);
}

TEST_CASE("outside of a schedule a step does nothing and a mutex can be locked") {
  tenure_schedule_step();
  tenure_schedule_yield();
  mutex guard;
  guard.lock();
  CHECK_FALSE(guard.try_lock());
  guard.unlock();
  condition nobody_waits;
  nobody_waits.notify_all();
}

TEST_CASE("choices that do not fit the case are reported, not followed") {
  const result ran = explore({.replay = "9"}, on_shared<nothing>(2, only_step<1>, nothing_to_check<nothing>));
  REQUIRE(ran.first_failure);
  CHECK(ran.first_failure->kind == failure_kind::not_reproducible);
}

TEST_CASE("three fibers of 40 steps run through 100,000 different schedules in seconds") {
  const auto make = on_shared<nothing>(3, only_step<40>, nothing_to_check<nothing>);
  const result ran = explore({.schedules = many}, make);
  print("3 fibers, 40 steps each", ran);
  CHECK(ran.passed());
  CHECK(ran.distinct == many);
  CHECK(ran.steps == many * 3 * 40);
}
