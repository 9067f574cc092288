#include "replay.hpp"

#include "../support/child.hpp"
#include "../support/shared_counter.hpp"
#include "mappings.hpp"
#include "player.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <thread>

namespace session {
namespace {

using clock = std::chrono::steady_clock;
using path_set = std::set<std::string, std::less<>>;
constexpr std::chrono::milliseconds longest_replay{60'000};
constexpr std::uint32_t look_interval = ticks_per_second; // ticks: a look takes as long as some opens do
constexpr std::int64_t tick_length = 1'000'000'000 / ticks_per_second; // nanoseconds of session time

double milliseconds(tenure::duration d) { return static_cast<double>(d.nanoseconds) / 1e6; }
double seconds_since(clock::time_point begin) {
  return std::chrono::duration<double>(clock::now() - begin).count();
}

// Session time: it stands still within a tick.
class session_clock {
public:
  // Relaxed, with now(): who reads it has met the writer at the barrier.
  void set(std::uint32_t tick) { ticks_.store(tick, std::memory_order_relaxed); }
  [[nodiscard]] tenure::clock_source source() { return {&now, this}; }

private:
  static tenure::time_point now(void* self) noexcept {
    // Relaxed, with set().
    const auto ticks = static_cast<session_clock*>(self)->ticks_.load(std::memory_order_relaxed);
    return tenure::time_point(static_cast<std::int64_t>(ticks) * tick_length);
  }
  std::atomic<std::uint32_t> ticks_{0};
};

class replay {
public:
  replay(const outcome& o, const policy_entry& policy, bench::shared_counter& shown)
      : outcome_(o)
      , policy_(policy)
      , shown_(shown)
      , stage_(policy.make({.clock = clock_.source()}))
      , busy_(o.used.size())
      , timeline_(o.used) {
    for (const auto& steps : o.played.threads)
      players_.emplace_back(play{*stage_, outcome_.used, busy_}, steps, o.played.slots);
  }

  figures run() {
    figures f;
    f.policy = policy_.name;
    f.rule = policy_.rule;
    const auto begin = clock::now();
    play_all();
    close_all(f);
    f.wall_seconds = seconds_since(begin);
    fill_manager(f);
    fill_players(f);
    fill_residency(f);
    return f;
  }

private:
  void play_all() {
    std::barrier meeting(static_cast<std::ptrdiff_t>(players_.size()), [this]() noexcept { end_tick(); });
    std::vector<std::thread> threads;
    for (player& p : players_)
      threads.emplace_back([&] {
        for (std::uint32_t tick = 0; tick != outcome_.played.ticks; ++tick) {
          p.do_tick(tick);
          meeting.arrive_and_wait();
        }
      });
    for (std::thread& t : threads) t.join();
  }

  // On one thread, while all others wait at the barrier.
  void end_tick() noexcept {
    timeline_.sample(tick_, stage_->report());
    if (tick_ % look_interval == 0) compare_with_system();
    clock_.set(++tick_);
    if (tick_ % sweep_interval == 0) stage_->sweep();
    shown_.set(tick_);
  }

  // The managers' word against the system's, in the midst of the session.
  void compare_with_system() {
    const mappings seen = mappings_of_this_process();
    if (!seen.known) return;
    ++looks_;
    path_set there;
    for (std::size_t i = 0; i != outcome_.used.size(); ++i)
      if (timeline_.now(i) != presence::gone) there.insert(outcome_.used[i].path);
    const path_set expected = with_brought(there);
    for (const plugin& p : outcome_.used) {
      const bool mapped = seen.contains(p.path);
      if (mapped ? !expected.contains(p.path) : there.contains(p.path))
        unlike_list_.push_back(fmt::format("tick {}: {} is {}mapped", tick_, p.name, mapped ? "" : "not "));
    }
  }

  // A plug-in that another one is linked with is mapped as long as that one is, whoever closed it.
  [[nodiscard]] path_set with_brought(path_set there) const {
    for (const plugin& p : outcome_.used)
      if (there.contains(p.path)) there.insert(p.brings.begin(), p.brings.end());
    return there;
  }

  void close_all(figures& f) {
    const auto begin = clock::now();
    const tenure::unload_report report = stage_->final_close();
    f.final_close_ms = seconds_since(begin) * 1e3;
    timeline_.note_lingering(report);
    path_set staying;
    for (const tenure::unload_entry& entry : report) judge(entry, staying, f);
    look_from_outside(staying, f);
    f.active_at_end = stage_->stats().active;
  }

  // Each module has to be gone, or to say why not.
  void judge(const tenure::unload_entry& entry, path_set& staying, figures& f) const {
    const bool kept = policy_.keeps_pages && entry.outcome == tenure::unload_outcome::kept;
    const bool lingers = entry.outcome == tenure::unload_outcome::lingering;
    if (lingers || kept)
      staying.emplace(entry.path);
    else if (entry.outcome != tenure::unload_outcome::gone)
      f.left_over.push_back(
          fmt::format("{}: {}, {} references", entry.path, to_string(entry.outcome), entry.references));
  }

  // What the report says, against what the system's list of mappings says.
  void look_from_outside(const path_set& staying, figures& f) const {
    const mappings seen = mappings_of_this_process();
    if (!seen.known) return;
    const path_set expected = with_brought(staying);
    for (const plugin& p : outcome_.used) {
      const bool mapped = seen.contains(p.path), said = staying.contains(p.path);
      if (mapped && !expected.contains(p.path)) f.still_mapped.push_back(p.path);
      if (said && !mapped) f.not_mapped.push_back(p.path);
    }
  }

  void fill_manager(figures& f) const {
    const tenure::manager_stats stats = stage_->stats();
    f.loads = stats.loads;
    f.failures = stats.failures;
    f.revives = stats.revives;
    f.closes = stats.closes;
    f.lingers = stats.lingers;
    f.deferrals = stats.deferrals;
    f.loading_ms = milliseconds(stats.loading);
    f.closing_ms = milliseconds(stats.closing);
  }

  void fill_players(figures& f) const {
    std::vector<std::uint64_t> times, digests;
    std::map<std::uint32_t, std::uint64_t> wrong; // by plug-in
    for (const player& p : players_) {
      times.insert(times.end(), p.open_times.begin(), p.open_times.end());
      digests.push_back(p.digest);
      f.opens += p.done[static_cast<unsigned>(action::open)];
      f.calls += p.done[static_cast<unsigned>(action::call)];
      f.releases += p.done[static_cast<unsigned>(action::release)];
      f.works_made += p.works_made;
      f.works_ended += p.works_ended;
      for (const auto& [plugin, n] : p.wrong_results) wrong[plugin] += n;
      f.errors.insert(f.errors.end(), p.errors.begin(), p.errors.end());
    }
    for (const auto& [plugin, n] : wrong) f.wrong_results.emplace(outcome_.used[plugin].name, n);
    f.digest = combine(digests);
    fill_open_times(std::move(times), f);
  }

  // Nearest rank.
  static void fill_open_times(std::vector<std::uint64_t> times, figures& f) {
    if (times.empty()) return;
    std::sort(times.begin(), times.end());
    const auto rank = [&](std::size_t hundredths) {
      return static_cast<double>(times[(times.size() * hundredths + 99) / 100 - 1]) / 1e3;
    };
    f.open_p50_us = rank(50);
    f.open_p99_us = rank(99);
    f.open_max_us = rank(100);
  }

  void fill_residency(figures& f) const {
    f.resident_by_tick = timeline_.resident();
    std::uint64_t ticks = 0;
    for (const std::uint32_t n : f.resident_by_tick) ticks += n;
    f.resident_seconds = static_cast<double>(ticks) / ticks_per_second;
    f.active_seconds = static_cast<double>(timeline_.active_ticks()) / ticks_per_second;
    f.peak = *std::max_element(f.resident_by_tick.begin(), f.resident_by_tick.end());
    f.changes = timeline_.changes();
    f.lingered = timeline_.lingered();
    f.peak_mib = peak_memory_of_this_process();
    f.looks = looks_;
    f.unlike_list = unlike_list_;
  }

  const outcome& outcome_;
  const policy_entry& policy_;
  bench::shared_counter& shown_;
  session_clock clock_;
  std::unique_ptr<stage> stage_;
  std::vector<std::mutex> busy_;
  timeline timeline_;
  std::deque<player> players_;
  // Written at the barrier only.
  std::uint32_t tick_ = 0, looks_ = 0;
  std::vector<std::string> unlike_list_;
};

} // namespace

figures replay_in_child(const outcome& o, const policy_entry& policy, const std::string& log,
                        bench::progress& bar) {
  bench::shared_counter tick;
  bar.begin(policy.name, o.played.ticks);
  const auto body = [&] { return pack(replay(o, policy, tick).run()); };
  const bench::child_result child = bench::run_child(body, longest_replay, log, [&] { bar.set(tick.get()); });
  figures f;
  if (child.completed) f = unpack(child.answer);
  f.policy = policy.name;
  f.rule = policy.rule;
  f.completed = child.completed;
  f.trouble = child.completed ? "" : fmt::format("{} in tick {}; see {}", child.trouble, tick.get(), log);
  bar.end(child.completed ? fmt::format("{} loads, {:.1f} s", f.loads, f.wall_seconds) : f.trouble);
  return f;
}

} // namespace session
