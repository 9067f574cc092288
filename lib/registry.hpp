// The registry: one per manager. Its mutex guards the index, the policy and all zero transitions; it outlives
// its manager as long as handles, weak handles or loaded modules do.
//
// Lock order. The registry's mutex is a leaf.
//   OK     mutex -> policy, clock source (which have no lock and do not call the manager)
//   ERROR  mutex -> system's loader, module code, observer
//   ERROR  mutex of one registry -> mutex of another, except by a thread that forks, which takes them all, one after
//          the other, behind the list of os/fork.hpp
#ifndef TENURE_LIB_REGISTRY_HPP
#define TENURE_LIB_REGISTRY_HPP

#include "debug_layout.hpp"
#include "index.hpp"
#include "os/fork.hpp"
#include "os/frame.hpp"
#include "record.hpp"
#include "stripes.hpp"
#include "sync.hpp"

#include <string>
#include <vector>

namespace tenure::inline v1::detail {

// Records chained by next_closing, taken out of every list, to be closed without the mutex: the last one loaded first.
// A module may use what was there before it, and glibc gets static thread-local storage back in that order only.
struct closing_chain {
  module_record* head = nullptr;
  const char* why;       // "by a sweep"
  departure_check level; // what is asked before each close
  std::uint64_t asked_since = UINT64_MAX; // a vote that was given after this tick is not asked for again
  bool in_order = true;  // false: what uses static thread-local storage does not wait for what was loaded later
  bool ask_votes = true; // false: closed whatever the module says
  std::uintptr_t entry;  // the frame that the application called: below it, everything on the stack is ours
  TENURE_ALWAYS_INLINED closing_chain(const char* reason, departure_check asked) noexcept
      : why(reason)
      , level(asked)
      , entry(os::entry_frame()) {}
  closing_chain(const closing_chain&) = delete;
  closing_chain& operator=(const closing_chain&) = delete;
  void push(module_record& r) noexcept {
    module_record** at = &head;
    while (*at != nullptr && (*at)->loaded_at > r.loaded_at) at = &(*at)->next_closing;
    r.next_closing = *at;
    *at = &r;
  }
};

struct report_builder;
struct event_desk; // event_desk.hpp

struct registry {
  registry(const policy_table& t, const manager_options& o, departure_check c) noexcept
      : table(t)
      , options(o)
      , check(c)
      , stripes(t.counts_in_stripes && stripes_are_ready()) {
    forks = {hold_for_fork, go_on_in_parent, go_on_in_child, this, nullptr};
    os::add_fork_watcher(forks);
  }
  ~registry();

  // --- guarded by the mutex unless said otherwise ---
  sync::mutex mutex;
  sync::condition changed;          // some record's state changed
  sync::condition deferred;         // a close waits that any thread may try again: sweepers wait for this
  index names{index::readers::anybody};
  index images{index::readers::holders_of_the_mutex}; // by file and by native handle
  const policy_table& table;        // constant
  void* policy = nullptr;           // null once the manager is gone
  const manager_options options;    // constant
  const departure_check check;      // constant
  const debug_layout* const layout = &debug_layout_of_library; // so that a static library's program has it
  idle_list waiting;                // idle, but not closed: a stack, a vote
  idle_list in_use;                 // modules with a stripe that were in use when their counts were last looked at
  time_point counts_seen_at;        // when that was
  const bool stripes;               // constant; new modules get one
  module_record* records = nullptr; // every record ever made, for reuse
  std::vector<std::string> search_path;
  manager_stats stats;
  use_clock clock;
  std::uint64_t ticks_locked = 0;  // of the clock's ticks, the ones taken with the mutex held; the others were revives without it
  std::uint64_t searches = 0;      // along dependencies
  dependency* orphans = nullptr; // what modules needed that are gone; to be let go without the mutex
  bool some_votes = false;       // some module that was loaded votes
  bool exit_watched = false;     // see os::watch_exit
  bool lingered = false;         // some module may linger: set with that state, cleared by whoever looks at them all
  bool static_tls_freed = false; // a close that waited for it can be tried again; see static_tls.hpp
  bool look_again = false;       // a finaliser closed a module; the system finishes that after the finaliser's own
  event_desk* desk = nullptr; // set once, by the first observer; glance and jot, what it has with the mutex
  std::uint32_t holders = 1;       // see share: the manager, each module that is not absent, each weak handle

  os::fork_watcher forks;

  registry* next_orphan = nullptr; // see orphans.hpp
  // --- left_behind.cpp, whose mutex guards them ---
  registry* next_leftover = nullptr;
  sync::thread_id left_to = 0;  // the thread that its last closes wait for, once the manager is gone; 0: none
  std::uint64_t left_round = 0; // when it was last tried

  // --- registry.cpp: the state machine; all need the mutex ---
  bool acquire_locked(module_record& r) noexcept;
  static void tell_shut_down_locked(const module_record& r, failure& why) noexcept;
  module_record* share_locked(module_record& r, failure& why) noexcept;
  void settle_locked(module_record& r, std::uint64_t used_at, idle_list& victims) noexcept;
  void put_back_locked(module_record& r) noexcept;
  void wait_for_safe_point_locked(module_record& r, unload_outcome why) noexcept;
  void wait_for_own_code_locked(module_record& r) noexcept;
  void wait_for_anybody_locked(module_record& r, unload_outcome why) noexcept;
  [[nodiscard]] bool may_try_locked(const module_record& r, bool asked) const noexcept;
  [[nodiscard]] time_point next_try_locked() const noexcept;
  void claim_locked(idle_list& victims, closing_chain& out) noexcept;
  bool claim_one_locked(module_record& r, idle_list& victims) noexcept;
  void recall_locked(module_record& r) noexcept;
  void take_waiting_locked(idle_list& victims, bool asked, bool only_shut = false) noexcept;
  module_record& new_record_locked();
  void end_shutdown_locked(module_record& r) noexcept;
  void forget_locked(module_record& r) noexcept;
  static void set_evidence_locked(module_record& r, const char* text) noexcept;
  static void forget_wait_locked(module_record& r) noexcept;
  [[nodiscard]] time_point now() const noexcept;
  [[nodiscard]] manager_stats stats_locked() const noexcept;

  // --- naming.cpp: all need the mutex ---
  [[nodiscard]] module_record* find_file_locked(const os::file_identity& file) noexcept;
  [[nodiscard]] module_record* find_image_locked(void* handle, const std::string& loaded_as,
                                                 const module_record* except) noexcept;
  void add_name_locked(module_record& r, std::string_view text);
  void drop_names_locked(module_record& r) noexcept;
  void supersede_locked(module_record& r) noexcept;
  void supersede_locked(std::string_view path, const os::file_identity& now_there) noexcept;

  // --- settling.cpp: of modules whose references are counted in stripes ---
  void begin_use_locked(module_record& r) noexcept;
  void settle_unused_locked(idle_list& victims) noexcept;
  [[nodiscard]] static bool has_settled_locked(module_record& r) noexcept;
  static void forget_count_locked(module_record& r) noexcept;

  // --- holders.cpp: without the mutex ---
  void give_up_dependencies_locked(module_record& r, bool unmapped) noexcept;
  void release_dependencies() noexcept;

  // --- voting.cpp: without the mutex ---
  void ask_idle_modules(report_builder* report) noexcept;
  [[nodiscard]] hook_result ask_held(const module_record& r) noexcept;
  [[nodiscard]] bool may_close(module_record& r, const closing_chain& chain, report_builder* report) noexcept;

  // --- fork.cpp: around a fork of any thread ---
  static void hold_for_fork(void* self) noexcept;
  static void go_on_in_parent(void* self) noexcept;
  static void go_on_in_child(void* self) noexcept;
  void forget_other_threads_locked() noexcept;

  // --- closing.cpp: without the mutex ---
  void close_chain(closing_chain& chain, report_builder* report) noexcept;
  void safe_point() noexcept;
  [[nodiscard]] bool close_what_was_shut() noexcept;
  void look_at_lingering(report_builder* report) noexcept;
  void look_again_outside(report_builder* report) noexcept;
  module_record* take_lingering(const module_record* after) noexcept;

  std::uint64_t next_tick_locked() noexcept {
    const std::uint64_t next = glance(clock.ticks) + 1;
    jot(clock.ticks, next);
    ++ticks_locked;
    return next;
  }
  // Those of note_revive.
  [[nodiscard]] std::uint64_t quiet_revives_locked() const noexcept {
    const std::uint64_t all = glance(clock.ticks);
    return all > ticks_locked ? all - ticks_locked : 0;
  }

  void keep() noexcept { share(holders); }
  static void let_go(registry& g) noexcept {
    if (unshare(g.holders)) delete &g;
  }
};

// Why the system is not asked to close anything; null if it is.
[[nodiscard]] const char* why_not_at_all(const registry& g) noexcept;

// A final close; whatever is idle goes, with its vote or without.
// `entry`: see closing_chain; with it, modules that hold each other are told of.
void close_all(registry& g, departure_check level, bool ask_votes, report_builder& report,
               std::uintptr_t entry = 0) noexcept;
[[nodiscard]] unload_report close_all(registry& g, departure_check level, bool ask_votes) noexcept;

// Keeps the registry's memory for a scope in which the last module may go.
class registry_hold {
public:
  explicit registry_hold(registry& g) noexcept
      : registry_(g) {
    registry_.keep();
  }
  registry_hold(const registry_hold&) = delete;
  registry_hold& operator=(const registry_hold&) = delete;
  ~registry_hold() { registry::let_go(registry_); }

private:
  registry& registry_;
};

} // namespace tenure::inline v1::detail

#endif
