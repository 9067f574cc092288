#include "support/scheduler.hpp"

#include "support/fiber.hpp"
#include "support/strategy.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <unordered_set>
#include <utility>

namespace tenure_test::schedule {

namespace {

constexpr unsigned nobody = most_fibers;
constexpr std::size_t local_bytes = 256;
/// Enough to see how it came to it; a step limit's trace would be thousands of equal lines.
constexpr std::size_t trace_lines = 60;
constexpr std::uint32_t outside_id = most_fibers + 1;

enum class object_kind : std::uint8_t { none, mutex, condition };

/// What a fiber did. `verb` and `text` are literals.
struct event {
  unsigned fiber;
  object_kind kind;
  const char* verb;
  const void* object;
  const char* text;
};

/// Objects are numbered by their first appearance: addresses differ between two runs of the same program.
class trace {
public:
  void clear() { events_.clear(); }
  /// In place: a copy of what was just written field by field stalls the processor.
  [[nodiscard]] event& add() { return events_.emplace_back(); }
  [[nodiscard]] std::string name(object_kind kind, const void* object) const;
  [[nodiscard]] std::string last_lines() const;

private:
  [[nodiscard]] std::string line(const event& happened) const;

  std::vector<event> events_;
};

std::string trace::name(object_kind kind, const void* object) const {
  if (kind == object_kind::none) return {};
  std::vector<const void*> seen;
  for (const event& each : events_) {
    if (each.kind == kind && std::find(seen.begin(), seen.end(), each.object) == seen.end())
      seen.push_back(each.object);
    if (!seen.empty() && seen.back() == object) break;
  }
  const char* noun = kind == object_kind::mutex ? "mutex " : "condition ";
  return noun + std::to_string(seen.size());
}

std::string trace::line(const event& happened) const {
  std::string text = "fiber " + std::to_string(happened.fiber) + " " + happened.verb;
  if (happened.kind != object_kind::none) text += " " + name(happened.kind, happened.object);
  if (happened.text != nullptr) text += std::string(" ") + happened.text;
  return text;
}

std::string trace::last_lines() const {
  std::size_t at = events_.size() > trace_lines ? events_.size() - trace_lines : 0;
  std::string text;
  if (at != 0) text = "  (" + std::to_string(at) + " earlier lines left out)\n";
  for (; at < events_.size(); ++at) text += "  " + std::to_string(at) + "  " + line(events_[at]) + "\n";
  return text;
}

struct worker {
  std::unique_ptr<fiber> context;
  mutex_state* wants = nullptr;     ///< blocked in lock(), or on the way back from `waits`
  condition_state* waits = nullptr; ///< until somebody notifies
  alignas(16) std::byte local[local_bytes] = {};
};

/// What a failed schedule left: stacks in the middle of something, and what they refer to. Never destroyed,
/// but reachable, so that a leak checker knows them.
struct graveyard {
  std::mutex guard; ///< excludes other OS threads' schedules
  std::vector<std::unique_ptr<fiber>> stacks;
  std::vector<test_case> cases;

  static graveyard& the() {
    static auto* const only_one = new graveyard;
    return *only_one;
  }
};

/// Runs one schedule after the other on the same stacks.
class run {
public:
  run(const options& chosen, chooser& strategy)
      : limits_(chosen)
      , strategy_(strategy) {}

  void once(test_case fresh, std::size_t index);

  [[nodiscard]] const std::string& choices() const { return choices_; }
  [[nodiscard]] std::size_t steps() const { return steps_; }
  [[nodiscard]] std::size_t longest() const { return longest_; }
  [[nodiscard]] const failure* failed() const { return failure_ ? &*failure_ : nullptr; }

  // Everything below is called on fibers.
  void step(const char* what);
  void yield();
  void log(const char* verb, object_kind kind = object_kind::none, const void* object = nullptr,
           const char* text = nullptr);
  [[noreturn]] void fail(failure_kind kind, std::string what);
  void* local() { return workers_[current_].local; }
  [[nodiscard]] std::uint32_t id() const { return current_ + 1; }

  void lock(mutex_state& state);
  bool try_lock(mutex_state& state);
  void unlock(mutex_state& state);
  void destroy(const mutex_state& state);
  void wait(condition_state& state, mutex_state& held);
  void notify(condition_state& state);
  void destroy(const condition_state& state);

private:
  static void fiber_main();
  void run_body();
  void end_of_fiber();

  void prepare(test_case fresh, std::size_t index);
  void play();
  void check();
  void bury();

  void tick();
  void pass_on(reason why);
  unsigned choose(reason why);
  unsigned ask(const choice_point& here);
  void go(unsigned next);
  void leave();
  void record(failure_kind kind, std::string what);
  void finish_report();

  void take(mutex_state& state, const char* verb);
  void release(mutex_state& state);
  void wake(unsigned fiber);
  [[nodiscard]] fiber_mask may_wake() const;
  void must_own(const mutex_state& state, const char* otherwise);

  [[nodiscard]] std::string who(const mutex_state& state) const;
  [[nodiscard]] std::string who_waits_on_what() const;

  const options& limits_;
  chooser& strategy_;
  fiber main_;
  std::vector<worker> workers_; ///< grows only between schedules
  test_case case_;
  unsigned current_ = 0;
  fiber_mask unfinished_ = 0;
  fiber_mask ready_ = 0;    ///< can go on at once. A fiber that wants a mutex is, exactly while that is free
  fiber_mask sleeping_ = 0; ///< wait for a notification
  std::size_t index_ = 0;
  std::size_t steps_ = 0;
  std::size_t longest_ = 0;
  unsigned spurious_left_ = 0;
  std::string choices_;
  trace trace_;
  std::optional<failure> failure_;
};

/// Null in set-up and check code, and on threads that run no schedule.
constinit thread_local run* active = nullptr;
alignas(16) constinit thread_local std::byte outside_local[local_bytes] = {};

[[noreturn]] void complain(const char* what) {
  std::fprintf(stderr, "tenure schedule: %s\n", what);
  std::abort();
}

// ---- one schedule
// -------------------------------------------------------------------------------------------------

void run::once(test_case fresh, std::size_t index) {
  prepare(std::move(fresh), index);
  play();
  longest_ = std::max(longest_, steps_);
  if (!failure_) check();
  if (failure_) {
    finish_report();
    bury();
  }
  case_ = {};
}

void run::prepare(test_case fresh, std::size_t index) {
  case_ = std::move(fresh);
  const std::size_t fibers = case_.fibers.size();
  if (fibers > most_fibers) throw std::invalid_argument("a schedule has too many fibers");
  if (workers_.size() < fibers) workers_.resize(fibers);
  for (worker& each : workers_) {
    if (!each.context) each.context = std::make_unique<fiber>(&run::fiber_main);
    std::memset(each.local, 0, local_bytes);
  }
  unfinished_ = ready_ = static_cast<fiber_mask>((std::uint64_t{1} << fibers) - 1);
  sleeping_ = 0;
  index_ = index;
  steps_ = 0;
  spurious_left_ = limits_.spurious_limit;
  choices_.clear();
  trace_.clear();
  failure_.reset();
  strategy_.begin(index, static_cast<unsigned>(fibers), longest_);
}

void run::play() {
  if (unfinished_ == 0) return;
  current_ = static_cast<unsigned>(case_.fibers.size()) - 1; // so that the first after it is fiber 0
  const unsigned first = choose(reason::stopped);
  if (first == nobody) return;
  current_ = first;
  active = this;
  main_.switch_to(*workers_[first].context);
  active = nullptr;
}

void run::check() {
  if (!case_.check) return;
  try {
    case_.check();
  } catch (const std::exception& thrown) {
    record(failure_kind::check, std::string("the check says: ") + thrown.what());
  } catch (...) {
    record(failure_kind::check, "the check threw something that is no std::exception");
  }
}

void run::bury() {
  graveyard& here = graveyard::the();
  const std::lock_guard<std::mutex> alone(here.guard);
  for (fiber_mask rest = unfinished_; rest != 0; rest &= rest - 1) {
    worker& dead = workers_[lowest(rest)];
    here.stacks.push_back(std::move(dead.context));
    dead.wants = nullptr;
    dead.waits = nullptr;
  }
  here.cases.push_back(std::move(case_));
}

void run::fiber_main() {
  for (;;) active->run_body(); // once per schedule
}

/// What is thrown is let go before the switch: the runtime would otherwise keep it until the next schedule.
void run::run_body() {
  log("begins");
  try {
    case_.fibers[current_]();
  } catch (const std::exception& thrown) {
    record(failure_kind::exception,
           "an exception left fiber " + std::to_string(current_) + ": " + thrown.what());
  } catch (...) {
    record(failure_kind::exception,
           "something that is no std::exception left fiber " + std::to_string(current_));
  }
  end_of_fiber();
}

void run::end_of_fiber() {
  log("ends");
  unfinished_ &= ~only(current_);
  ready_ &= ~only(current_);
  if (failure_ || unfinished_ == 0)
    leave();
  else
    pass_on(reason::stopped);
}

// ---- who goes on
// --------------------------------------------------------------------------------------------------

void run::tick() {
  if (++steps_ > limits_.step_limit)
    fail(failure_kind::step_limit,
         "no end after " + std::to_string(limits_.step_limit) +
             " steps: a livelock, or a waiting loop without tenure_schedule_yield()");
}

/// Returns when the current fiber goes on; if the schedule failed, only an ended fiber returns from here,
/// into the next one.
void run::pass_on(reason why) {
  const unsigned next = choose(why);
  if (next == nobody)
    leave();
  else if (next != current_)
    go(next);
}

/// A wake-up without a notification is never the rescue: without anyone ready this is a deadlock.
unsigned run::choose(reason why) {
  if (ready_ == 0) {
    record(failure_kind::deadlock, "every fiber that has not ended is blocked" + who_waits_on_what());
    return nobody;
  }
  const fiber_mask spurious = sleeping_ != 0 && spurious_left_ != 0 ? may_wake() : 0;
  const fiber_mask candidates = ready_ | spurious;
  if ((candidates & (candidates - 1)) == 0) return lowest(candidates);
  return ask({ready_, spurious, current_, why, steps_});
}

unsigned run::ask(const choice_point& here) {
  const unsigned next = strategy_.pick(here);
  if (((here.ready | here.spurious) & only(next)) == 0) {
    record(failure_kind::not_reproducible,
           "fiber " + std::to_string(next) + " cannot go on here, as it could when these choices were made");
    return nobody;
  }
  choices_.push_back(encode(next));
  if ((here.spurious & only(next)) != 0) {
    --spurious_left_;
    wake(next);
  }
  return next;
}

void run::go(unsigned next) {
  fiber& from = *workers_[current_].context;
  current_ = next;
  from.switch_to(*workers_[next].context);
}

void run::leave() { workers_[current_].context->switch_to(main_); }

void run::step(const char* what) {
  tick();
  pass_on(reason::goes_on);
  log("steps", object_kind::none, nullptr, what);
}

void run::yield() {
  tick();
  strategy_.yielded(current_);
  const fiber_mask me = only(current_);
  if ((ready_ & ~me) != 0) {
    ready_ &= ~me;
    const unsigned next = choose(reason::yields);
    ready_ |= me;
    if (next == nobody)
      leave();
    else
      go(next);
  }
  log("yields");
}

// ---- mutex and condition
// ------------------------------------------------------------------------------------------

/// One who wants a free mutex gets it when he is chosen; so none is ever chosen in vain.
void run::lock(mutex_state& state) {
  if (state.owner == id()) fail(failure_kind::misuse, "a fiber locks a mutex that it holds already");
  tick();
  const fiber_mask me = only(current_);
  state.waiters |= me;
  workers_[current_].wants = &state;
  if (state.owner == 0) {
    pass_on(reason::goes_on);
  } else {
    ready_ &= ~me;
    log("wants", object_kind::mutex, &state);
    pass_on(reason::stopped);
  }
  take(state, "locks");
}

/// Pre: free. The others that want it are blocked from here on.
void run::take(mutex_state& state, const char* verb) {
  state.owner = id();
  state.waiters &= ~only(current_);
  ready_ &= ~state.waiters;
  workers_[current_].wants = nullptr;
  log(verb, object_kind::mutex, &state);
}

void run::release(mutex_state& state) {
  state.owner = 0;
  ready_ |= state.waiters;
}

bool run::try_lock(mutex_state& state) {
  step("try_lock");
  if (state.owner != 0) return false;
  take(state, "locks");
  return true;
}

void run::must_own(const mutex_state& state, const char* otherwise) {
  if (state.owner != id()) fail(failure_kind::misuse, otherwise);
}

void run::unlock(mutex_state& state) {
  must_own(state, "a fiber unlocks a mutex that it does not hold");
  tick();
  pass_on(reason::goes_on);
  log("unlocks", object_kind::mutex, &state);
  release(state);
}

void run::destroy(const mutex_state& state) {
  if (state.owner != 0 || state.waiters != 0)
    fail(failure_kind::misuse, "a fiber destroys a mutex that is locked or wanted");
}

void run::wait(condition_state& state, mutex_state& held) {
  must_own(held, "a fiber waits with a mutex that it does not hold");
  tick();
  pass_on(reason::goes_on);
  log("waits on", object_kind::condition, &state);
  const fiber_mask me = only(current_);
  state.waiters |= me;
  workers_[current_].waits = &state;
  workers_[current_].wants = &held;
  sleeping_ |= me;
  ready_ &= ~me;
  release(held);
  pass_on(reason::stopped);
  take(held, "wakes, locks");
}

/// From the condition to the queue of its mutex.
void run::wake(unsigned fiber) {
  worker& sleeper = workers_[fiber];
  sleeper.waits->waiters &= ~only(fiber);
  sleeper.waits = nullptr;
  sleeping_ &= ~only(fiber);
  sleeper.wants->waiters |= only(fiber);
  if (sleeper.wants->owner == 0) ready_ |= only(fiber);
}

/// One whose mutex is held would only change the queue that it blocks in: the same as waking up later.
fiber_mask run::may_wake() const {
  fiber_mask some = 0;
  for (fiber_mask rest = sleeping_; rest != 0; rest &= rest - 1)
    if (workers_[lowest(rest)].wants->owner == 0) some |= only(lowest(rest));
  return some;
}

void run::notify(condition_state& state) {
  tick();
  pass_on(reason::goes_on);
  log("notifies", object_kind::condition, &state);
  while (state.waiters != 0) wake(lowest(state.waiters));
}

void run::destroy(const condition_state& state) {
  if (state.waiters != 0) fail(failure_kind::misuse, "a fiber destroys a condition on which another waits");
}

// ---- what is reported
// ---------------------------------------------------------------------------------------------

void run::log(const char* verb, object_kind kind, const void* object, const char* text) {
  event& happened = trace_.add();
  happened.fiber = current_;
  happened.kind = kind;
  happened.verb = verb;
  happened.object = object;
  happened.text = text;
}

/// The first failure counts; what follows from it does not.
void run::record(failure_kind kind, std::string what) {
  if (failure_) return;
  failure_.emplace();
  failure_->kind = kind;
  failure_->what = std::move(what);
}

void run::finish_report() {
  failure_->trace = trace_.last_lines();
  failure_->replay = choices_;
  failure_->schedule = index_;
}

void run::fail(failure_kind kind, std::string what) {
  record(kind, "fiber " + std::to_string(current_) + ": " + what);
  leave();
  complain("a fiber of a failed schedule went on");
}

std::string run::who(const mutex_state& state) const {
  if (state.owner == outside_id) return "the set-up code";
  return "fiber " + std::to_string(state.owner - 1);
}

std::string run::who_waits_on_what() const {
  std::string text;
  for (fiber_mask rest = unfinished_; rest != 0; rest &= rest - 1) {
    const worker& each = workers_[lowest(rest)];
    text += "\n  fiber " + std::to_string(lowest(rest)) + " waits for ";
    if (each.waits != nullptr)
      text += "a notification of " + trace_.name(object_kind::condition, each.waits);
    else
      text += trace_.name(object_kind::mutex, each.wants) + ", held by " + who(*each.wants);
  }
  return text;
}

const char* name_of(failure_kind kind) {
  switch (kind) {
  case failure_kind::check:
    return "check";
  case failure_kind::exception:
    return "exception";
  case failure_kind::deadlock:
    return "deadlock";
  case failure_kind::step_limit:
    return "step limit";
  case failure_kind::misuse:
    return "misuse";
  case failure_kind::not_reproducible:
    return "not reproducible";
  }
  return "unknown";
}

/// FNV-1a, 64 bits on every platform. Two lists with one value would be counted as one: the number of
/// distinct schedules is never said too high.
std::uint64_t fingerprint(std::string_view choices) {
  std::uint64_t value = 0xCBF29CE484222325U;
  for (const char each : choices) value = (value ^ static_cast<unsigned char>(each)) * 0x100000001B3U;
  return value;
}

class exploration {
public:
  exploration(const options& chosen, const on_result& report)
      : chosen_(chosen)
      , report_(report)
      , strategy_(make_chooser(chosen))
      , run_(chosen, *strategy_) {}

  result all(const case_factory& make);

private:
  bool account();
  [[nodiscard]] bool enough() const;

  const options& chosen_;
  const on_result& report_;
  std::unique_ptr<chooser> strategy_;
  run run_;
  std::unordered_set<std::uint64_t> seen_;
  result sum_;
};

bool exploration::account() {
  ++sum_.schedules;
  sum_.steps += run_.steps();
  seen_.insert(fingerprint(run_.choices()));
  const failure* failed = run_.failed();
  if (failed != nullptr && sum_.failures++ == 0) sum_.first_failure = *failed;
  if (!report_) return failed == nullptr;
  return report_({sum_.schedules - 1, run_.steps(), run_.choices(), failed});
}

bool exploration::enough() const {
  return sum_.schedules >= chosen_.schedules || (chosen_.distinct != 0 && seen_.size() >= chosen_.distinct);
}

result exploration::all(const case_factory& make) {
  const auto start = std::chrono::steady_clock::now();
  sum_.seed = chosen_.seed;
  for (bool go_on = true; go_on && !enough();) {
    run_.once(make(), sum_.schedules);
    go_on = account();
    if (go_on && !strategy_->advance()) {
      sum_.exhausted = chosen_.replay.empty();
      go_on = false;
    }
  }
  sum_.distinct = seen_.size();
  sum_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return std::move(sum_);
}

} // namespace

result explore(const options& chosen, const case_factory& make, const on_result& report) {
  if (active != nullptr) throw std::logic_error("explore() was called in a fiber of a schedule");
  return exploration(chosen, report).all(make);
}

std::string failure::describe() const {
  return "schedule " + std::to_string(schedule) + " failed (" + name_of(kind) + "): " + what + "\n" + trace +
         "to run it again: options.replay = \"" + replay + "\"\n";
}

std::string result::describe() const {
  std::string text = std::to_string(schedules) + " schedules, " + std::to_string(distinct) + " distinct, " +
                     std::to_string(steps) + " steps, seed " + std::to_string(seed);
  if (exhausted) text += ", all within the bound";
  if (first_failure) text += "\n" + first_failure->describe();
  return text;
}

void require(bool met, const char* claim) {
  if (met) return;
  if (active != nullptr) active->fail(failure_kind::check, std::string("not so: ") + claim);
  throw std::runtime_error(std::string("not so: ") + claim);
}

void note(const char* text) noexcept {
  if (active != nullptr) active->log("notes:", object_kind::none, nullptr, text);
}

// ---- what scheduled_sync.hpp promises
// -----------------------------------------------------------------------------

void lock(mutex_state& state) noexcept {
  if (active != nullptr) return active->lock(state);
  if (state.owner != 0) complain("set-up or check code locks a mutex that is locked");
  state.owner = outside_id;
}

bool try_lock(mutex_state& state) noexcept {
  if (active != nullptr) return active->try_lock(state);
  if (state.owner != 0) return false;
  state.owner = outside_id;
  return true;
}

void unlock(mutex_state& state) noexcept {
  if (active != nullptr) return active->unlock(state);
  if (state.owner != outside_id) complain("set-up or check code unlocks a mutex that it does not hold");
  state.owner = 0;
}

void destroy(mutex_state& state) noexcept {
  if (active != nullptr) active->destroy(state);
}

void wait(condition_state& state, mutex_state& held) noexcept {
  if (active == nullptr) complain("set-up or check code waits on a condition: nobody could notify it");
  active->wait(state, held);
}

void notify(condition_state& state) noexcept {
  if (active != nullptr) active->notify(state);
}

void destroy(condition_state& state) noexcept {
  if (active != nullptr) active->destroy(state);
}

std::uintptr_t thread_id() noexcept { return active != nullptr ? active->id() : outside_id; }

} // namespace tenure_test::schedule

extern "C" {

void tenure_schedule_step() noexcept { tenure_schedule_step_at(nullptr); }

void tenure_schedule_step_at(const char* what) noexcept {
  if (tenure_test::schedule::active != nullptr) tenure_test::schedule::active->step(what);
}

void tenure_schedule_yield() noexcept {
  if (tenure_test::schedule::active != nullptr) tenure_test::schedule::active->yield();
}

void* tenure_schedule_local() noexcept {
  if (tenure_test::schedule::active != nullptr) return tenure_test::schedule::active->local();
  return tenure_test::schedule::outside_local;
}
}
