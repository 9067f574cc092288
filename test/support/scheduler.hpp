#ifndef TENURE_TEST_SUPPORT_SCHEDULER_HPP
#define TENURE_TEST_SUPPORT_SCHEDULER_HPP

#include "support/scheduled_sync.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// Runs a small concurrent case under many interleavings, each of which can be had again.
///
/// The threads of a case are fibers on the calling OS thread. They change only at `tenure_schedule_step()`
/// and at operations of `tenure::sync`, where a strategy chooses who goes on. So one schedule is one list of
/// choices.
///
/// When not to use it: for memory orders. What is explored are interleavings under sequential consistency; a
/// weak order that is too weak passes here. Orders are argued in comments and hammered under ThreadSanitizer.
/// Nor for code that blocks in the system (a real mutex, sleep, join): that would stop all fibers.
///
///     auto counted = explore({.schedules = 1000}, [] {
///       auto hits = std::make_shared<std::atomic<int>>(0);
///       auto body = [hits] { tenure_schedule_step(); hits->fetch_add(1); };
///       return test_case{{body, body}, [hits] { require(hits->load() == 2, "both hits counted"); }};
///     });
///     INFO(counted.describe());
///     CHECK(counted.passed());
namespace tenure_test::schedule {

/// Fibers per case. A set of fibers is a 32-bit mask, and a choice one character of a replay string.
inline constexpr std::size_t most_fibers = 32;

enum class strategy {
  /// Every runnable fiber is equally likely at every step.
  random_walk,
  /// Fibers have random priorities, the highest runs, and at `pct_depth - 1` random steps the running one
  /// becomes
  /// the lowest. Finds a bug that needs d ordered events in k steps of n fibers with probability >= 1/(n
  /// k^(d-1))
  /// (Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS
  /// 2010).
  pct,
  /// Every schedule with at most `preemption_bound` switches away from a fiber that could have gone on, depth
  /// first
  /// (Musuvathi and Qadeer, "Iterative Context Bounding", PLDI 2007). Ends by itself when all are done.
  exhaustive,
};

struct options {
  strategy how = strategy::random_walk;
  std::uint64_t seed = 1;
  std::size_t schedules = 100'000; ///< run at most so many
  std::size_t distinct = 0;        ///< stop once so many different ones were run; 0: no such stop
  std::size_t step_limit =
      10'000; ///< a schedule with more steps fails: two fibers may wait for ever by looking
  unsigned preemption_bound = 2;    ///< for `exhaustive`
  unsigned pct_depth = 3;           ///< for `pct`
  unsigned spurious_limit = 2;      ///< wake-ups without a notification in one schedule, at most
  unsigned spurious_per_mille = 20; ///< their likelihood per step, except in `exhaustive`, which tries each
  std::string replay = {}; ///< `failure::replay`: run just that one. Case and limits must be as they were
};

/// Made afresh for every schedule, and must behave as a function of the choices alone: no clock, no
/// addresses, no random numbers of its own.
struct test_case {
  std::vector<std::function<void()>> fibers;
  /// After all fibers ended, outside of the schedule. Fails by `require` or any other exception.
  std::function<void()> check = nullptr;
};

using case_factory = std::function<test_case()>;

enum class failure_kind {
  check,            ///< `require` was not met, by a fiber or by the check
  exception,        ///< one left a fiber or the check
  deadlock,         ///< every fiber that has not ended is blocked
  step_limit,       ///< a livelock, or a waiting loop without tenure_schedule_yield()
  misuse,           ///< of a mutex or condition
  not_reproducible, ///< the case did not follow the choices that led here before
};

struct failure {
  failure_kind kind = failure_kind::check;
  std::string what;         ///< one sentence; for a deadlock also who waits on what
  std::string trace;        ///< the last steps, one a line
  std::string replay;       ///< for `options::replay`
  std::size_t schedule = 0; ///< which one, counted from 0
  [[nodiscard]] std::string describe() const;
};

/// One schedule's end, valid during the call that it is handed to.
struct outcome {
  std::size_t schedule;
  std::size_t steps;
  std::string_view choices; ///< as in `failure::replay`
  const failure* failed;    ///< null if it passed
};

/// Returns whether to go on with the next schedule.
using on_result = std::function<bool(const outcome&)>;

struct result {
  std::size_t schedules = 0; ///< that were run
  std::size_t distinct = 0;  ///< different lists of choices among them
  std::size_t failures = 0;
  std::size_t steps = 0;  ///< in all
  bool exhausted = false; ///< `exhaustive` ran every schedule within its bound
  double seconds = 0;
  std::uint64_t seed = 0;
  std::optional<failure> first_failure;
  [[nodiscard]] bool passed() const { return failures == 0; }
  [[nodiscard]] std::string describe() const;
};

/// Runs schedules until a limit of `chosen` is reached or `report` (by default: the first failure) ends it.
/// Pre: not called from a fiber of a schedule.
/// Threads: any OS thread; runs on different ones do not know each other.
/// Errors: throws what the factory throws, std::invalid_argument for more than `most_fibers` fibers.
/// A failed schedule's case and its unfinished fibers' stacks are never destroyed, as nobody could say in
/// which state they are. So a `report` that goes on after failures leaks; a few thousand are fine.
result explore(const options& chosen, const case_factory& make, const on_result& report = nullptr);

/// Fails the schedule unless `met`. In a fiber it does not return then and unwinds nothing, so it may stand
/// in a noexcept function; in a check it throws. `claim` is a literal: it is kept by address.
void require(bool met, const char* claim);

/// A line in the trace. `text` is a literal: it is kept by address.
void note(const char* text) noexcept;

/// This fiber's own T, at the start of the block of `tenure_schedule_local()`; there is one such T per
/// program.
template <typename T> T& fiber_local() noexcept {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T> && sizeof(T) <= 256 &&
                    alignof(T) <= 16,
                "must live in a zeroed block");
  return *static_cast<T*>(tenure_schedule_local());
}

} // namespace tenure_test::schedule

#endif
