// The state machine of modules. Every transition between active and idle that needs the mutex, and the choice
// of victims, is here; loading is in opening.cpp, closing in closing.cpp.
#include "registry.hpp"

#include "events.hpp"
#include "failure_access.hpp"
#include "left_behind.hpp"
#include "loader_turn.hpp"
#include "os/quarantine.hpp"
#include "plugin_host.hpp"
#include "symbol_cache.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace tenure::inline v1::detail {

registry::~registry() {
  os::remove_fork_watcher(forks);
  while (records != nullptr) {
    module_record* const r = records;
    records = r->next_record;
    drop_names_locked(*r); // nobody else is left
    delete[] r->evidence;
    symbol_cache::free(r->symbols);
    if (r->stripe != 0) give_back_stripe(r->stripe);
    delete r;
  }
  free_desk(*this);
}

time_point registry::now() const noexcept {
  return options.clock.now != nullptr ? options.clock.now(options.clock.context) : os::now();
}

// A record that is absent is used again: weak handles tell the modules apart by `generation`.
module_record& registry::new_record_locked() {
  for (module_record* r = records; r != nullptr; r = r->next_record)
    if (r->state == phase::absent && r->names == nullptr) return *r;
  auto* const r = new module_record;
  r->owner = this;
  r->clock = &clock;
  r->stripe = stripes ? take_stripe() : 0;
  r->next_record = records;
  records = r;
  return *r;
}

// Takes the module out of whoever keeps it idle.
void registry::recall_locked(module_record& r) noexcept {
  if (r.kept_by == keeper::policy && policy != nullptr)
    table.revived(policy, r, table.times_revives ? now() : time_point{});
  if (r.kept_by == keeper::waiting) {
    waiting.remove(r);
    forget_wait_locked(r);
    r.retry_wait = {};
  }
  r.kept_by = keeper::nobody;
}

// What it waited for, and what it did wrong when it was asked, is of no interest any more.
void registry::forget_wait_locked(module_record& r) noexcept {
  set_evidence_locked(r, "");
  r.violation = errc::ok;
  r.let_go_inside = false;
}

// One reference for the caller. Pre: r is open, and not shut down. True if it was idle.
bool registry::acquire_locked(module_record& r) noexcept {
  if (try_share_striped(r)) return false;
  bool revived = false;
  if (try_acquire(r.refs, revived)) {
    if (revived) jot(r.used_at, next_tick_locked()), raise_flag(clock.used);
  } else {
    // Idle or on its way to it: only the holder of the mutex changes the word now, so one replace is enough.
    const bool releaser_on_its_way = r.kept_by == keeper::nobody; // and nobody has been told that it is idle
    recall_locked(r);
    if (!releaser_on_its_way) note_locked(*this, event_kind::revived, r);
    set_flags(r.refs, releaser_on_its_way ? pending_bit : 0);
    acquire(r.refs);
    if (r.stripe != 0) begin_use_locked(r);
    revived = true;
    jot(r.used_at, next_tick_locked());
  }
  if (revived) {
    ++stats.revives;
    idle_access::note_use(r);
  }
  return revived;
}

// The same for whoever asks by a name or an address: not after a shutdown.
module_record* registry::share_locked(module_record& r, failure& why) noexcept {
  if (r.shut_down) {
    tell_shut_down_locked(r, why);
    return nullptr;
  }
  acquire_locked(r);
  return &r;
}

// The module has lost its last reference: its keeper takes it.
void registry::settle_locked(module_record& r, std::uint64_t used_at, idle_list& victims) noexcept {
  if (r.pins != 0) {
    if (r.is_static()) end_shutdown_locked(r);
    r.kept_by = keeper::pins;
    return;
  }
  const unload_vote said = r.asked_at > used_at ? r.vote() : unload_vote::not_asked; // since its last use
  const bool observed = is_observed_locked(*this);
  idle_access::note_idle(r, table.reads_time || observed ? now() : time_point{}, used_at);
  idle_access::note_vote(r, said);
  if (policy == nullptr || r.shut_down) { // the manager is gone, or nobody may use it again
    r.kept_by = keeper::nobody;
    victims.push_back(r);
    return;
  }
  r.kept_by = keeper::policy;
  table.idled(policy, r, idle_access::since(r), victims);
  if (table.parks && !observed) set_flags(r.refs, parked_bit); // events.hpp says why not
}

// Closes the way back for a victim. False if it is in use again; then it is no victim any more.
bool registry::claim_one_locked(module_record& r, idle_list& victims) noexcept {
  word seen = look(r.refs);
  for (;;) {
    const bool used = count_of(seen) != 0;
    const bool was_used = (seen & touched_bit) != 0;
    const word open_again = seen & ~(parked_bit | touched_bit);
    if (!replace(r.refs, seen, used || was_used ? open_again : 0)) continue;
    r.kept_by = keeper::nobody;
    if (used) return false;     // revived without the mutex: its next last release comes here
    if (!was_used) return true; // nobody can reach it now
    settle_locked(r, glance(r.used_at), victims); // used meanwhile and idle again
    return false;
  }
}

// Back among the idle: to the policy, or, if the manager is gone, to nobody. Pre: closing by this thread.
void registry::put_back_locked(module_record& r) noexcept {
  r.state = phase::open;
  r.worker = 0;
  publish(r.refs, r.shut_down ? 0 : open_bit);
  idle_list victims;
  settle_locked(r, r.last_use(), victims);
  while (!victims.empty()) wait_for_safe_point_locked(full(victims.pop_front()), unload_outcome::deferred);
  changed.notify_all();
}

// Open and idle again, in the waiting list. Pre: no reference.
void registry::wait_for_safe_point_locked(module_record& r, unload_outcome why) noexcept {
  r.state = phase::open;
  r.kept_by = keeper::waiting;
  r.why_waiting = why;
  r.worker = sync::this_thread_id();
  r.waits_for = os::this_thread_number();
  waiting.push_back(r);
  publish(r.refs, r.shut_down ? 0 : open_bit);
  changed.notify_all();
}

// The module's own code dropped its last reference on the thread that is noted as worker: nobody closes it before that
// one has left it.
void registry::wait_for_own_code_locked(module_record& r) noexcept {
  const sync::thread_id worker = r.worker;
  const std::uint64_t number = r.worker_number;
  wait_for_safe_point_locked(r, unload_outcome::deferred);
  r.worker = worker;
  r.waits_for = number;
  set_evidence_locked(r, "its own code let it go, on a thread that may still be in it");
  r.let_go_inside = true;
}

// Turns victims into records that this thread will close.
void registry::claim_locked(idle_list& victims, closing_chain& out) noexcept {
  while (!victims.empty()) {
    module_record& r = full(victims.pop_front());
    if (!claim_one_locked(r, victims)) continue;
    if (r.being_asked) { // by another thread, and this one's stack was not looked at: it is this one's to close
      wait_for_safe_point_locked(r, unload_outcome::deferred);
      set_evidence_locked(r, "another thread asks for its vote");
      note_locked(*this, event_kind::deferred, r, "another thread asks for its vote");
      continue;
    }
    r.state = phase::closing;
    r.worker = sync::this_thread_id();
    r.worker_number = os::this_thread_number();
    out.push(r);
  }
}

// Any thread may try again: when somebody asks, and else after a wait that grows, since each try costs a look at all
// threads or all memory, or a question to the module.
void registry::wait_for_anybody_locked(module_record& r, unload_outcome why) noexcept {
  constexpr duration first_wait(1'000'000);      // nanoseconds
  constexpr duration longest_wait(1'000'000'000); // nanoseconds
  wait_for_safe_point_locked(r, why);
  r.waits_for = 0;
  const duration twice(2 * r.retry_wait.nanoseconds);
  r.retry_wait = r.retry_wait == duration{} ? first_wait : twice < longest_wait ? twice : longest_wait;
  r.retry_at = now() + r.retry_wait;
  deferred.notify_all();
}

// `asked`: by a sweep or a final close.
bool registry::may_try_locked(const module_record& r, bool asked) const noexcept {
  if (r.being_asked) return false;
  if (r.why_waiting != unload_outcome::deferred) return asked || policy == nullptr;
  if (r.waits_for == 0) return asked || r.retry_at <= now();
  return r.worker == sync::this_thread_id() || os::thread_has_ended(r.waits_for);
}

// When the next close that any thread may try is due; `never` if there is none.
time_point registry::next_try_locked() const noexcept {
  time_point next = never;
  for (idle_module* m = waiting.front(); m != nullptr; m = idle_list::after(*m)) {
    const module_record& r = full(*m);
    if (!r.being_asked && r.waits_for == 0 && r.retry_at < next) next = r.retry_at;
  }
  return next;
}

void registry::take_waiting_locked(idle_list& victims, bool asked, bool only_shut) noexcept {
  for (idle_module* m = waiting.front(); m != nullptr;) {
    module_record& r = full(*m);
    m = idle_list::after(*m);
    if (!may_try_locked(r, asked) || (only_shut && !r.shut_down)) continue;
    waiting.remove(r);
    victims.push_back(r);
  }
}

void registry::set_evidence_locked(module_record& r, const char* text) noexcept {
  const std::size_t size = std::strlen(text);
  char* const copy = size != 0 ? new (std::nothrow) char[size + 1] : nullptr;
  if (copy != nullptr) std::memcpy(copy, text, size + 1);
  delete[] std::exchange(r.evidence, copy);
}

// Whoever opens it from now on gets a new life of it.
void registry::end_shutdown_locked(module_record& r) noexcept {
  if (!r.shut_down) return;
  r.shut_down = {};
  clear_flags(r.gate, shut_bit);
  if (r.state == phase::absent) return;
  jot(r.load, r.load_number);
  if (r.state == phase::open) set_flags(r.refs, open_bit);
}

// The module is gone: its record is free for another. Pre: no reference, not open.
void registry::forget_locked(module_record& r) noexcept {
  images.erase(hash_file(r.file), r);
  images.erase(hash_handle(r.handle), r);
  drop_names_locked(r);
  symbol_cache::free(std::exchange(r.symbols, nullptr));
  const bool unmapped = r.state != phase::lingering && r.reason == linger_reason::none;
  host_seat* const seat = vacate_seat_locked(r);
  end_seat(seat, unmapped); // its code may still call it
  give_up_dependencies_locked(r, unmapped);
  r.state = phase::absent;
  jot(r.load, std::uint64_t{0}); // what shortcuts remember is of the past
  forget_count_locked(r);
  end_shutdown_locked(r);
  r.handle = nullptr;
  r.file = {};
  r.image = {};
  r.static_symbols = nullptr;
  r.static_count = 0;
  r.loads = 0;
  r.loaded_as.clear();
  r.cycle.clear();
  r.reason = linger_reason::none;
  forget_wait_locked(r);
  r.side = {};
  r.greeted = false;
  r.baseline.reset();
  idle_access::note_superseded(r, false);
  r.worker = 0;
  r.generation = r.generation + 1;
  changed.notify_all();
}

// --- called by handles ---

void last_dropped(record& dropped) noexcept {
  registry& g = *dropped.owner; // alive: a module whose last releaser is under way is not closed
  const registry_hold alive(g);
  module_record& r = full(dropped);
  closing_chain chain("at a last release", g.check);
  bool retired = false;
  {
    const sync::scoped_lock lock(g.mutex);
    retired = g.policy == nullptr;
    idle_list victims;
    const word before = clear_flags(r.refs, pending_bit);
    if (count_of(before) == 0 && r.state == phase::open) {
      note_locked(g, event_kind::idled, r);
      g.settle_locked(r, g.next_tick_locked(), victims);
    }
    g.take_waiting_locked(victims, false);
    g.claim_locked(victims, chain);
  }
  g.close_chain(chain, nullptr);
  try_leftovers();
  if (retired) leave_to_this_thread(g);
  tell_events(g);
}

bool lock_weak_slowly(record& r, std::uint64_t generation) noexcept {
  registry& g = *r.owner;
  {
    const sync::scoped_lock lock(g.mutex);
    if (r.generation != generation || full(r).state != phase::open || full(r).shut_down) return false;
    g.acquire_locked(full(r));
  }
  tell_events(g);
  return true;
}

void share_registry(record& r) noexcept { r.owner->keep(); }
void unshare_registry(record& r) noexcept { registry::let_go(*r.owner); }

const char* path_of(const record& r) noexcept { return full(r).path(); }
void* native_handle_of(const record& r) noexcept { return full(r).handle; }

// A pinned module is in no list of the policy, so that no policy needs to know of pins.
void pin_module(record& pinned) noexcept {
  registry& g = *pinned.owner;
  module_record& r = full(pinned);
  g.keep();
  const sync::scoped_lock lock(g.mutex);
  if (r.pins++ != 0 || r.kept_by != keeper::policy) return;
  word seen = look(r.refs);
  while (!replace(r.refs, seen, seen & ~(parked_bit | touched_bit))) {
  }
  g.recall_locked(r);
}

void unpin_module(record& pinned) noexcept {
  registry& g = *pinned.owner;
  module_record& r = full(pinned);
  closing_chain chain("when its last pin went", g.check);
  bool retired = false;
  {
    const sync::scoped_lock lock(g.mutex);
    retired = g.policy == nullptr;
    idle_list victims;
    if (--r.pins == 0 && r.kept_by == keeper::pins) g.settle_locked(r, g.next_tick_locked(), victims);
    g.claim_locked(victims, chain);
  }
  g.close_chain(chain, nullptr);
  if (retired) leave_to_this_thread(g);
  tell_events(g);
  registry::let_go(g);
}

void enter_guard() noexcept { ++sync::this_thread().guards; }

void leave_guard(record* r) noexcept {
  const bool outermost = --sync::this_thread().guards == 0;
  if (r == nullptr) return;
  if (outermost) {
    r->owner->safe_point();
    try_leftovers();
    tell_events(*r->owner);
  }
  unshare_registry(*r);
}

// --- called by managers ---

registry* make_registry(const policy_table& table, void* policy, const manager_options& options,
                        departure_check check, failure& why) noexcept {
  prepare_turns();
  auto* const g = new (std::nothrow) registry(table, options, check);
  void* const place = ::operator new (table.size, std::align_val_t{table.alignment}, std::nothrow);
  if (g != nullptr && place != nullptr) {
    table.move_to(place, policy);
    g->policy = place;
    if (options.stale_pointers != quarantine::off) os::prepare_quarantine();
    if (options.stale_pointers == quarantine::explain) os::explain_faults();
    return g;
  }
  if (place != nullptr) ::operator delete (place, std::align_val_t{table.alignment});
  delete g;
  set_failure(why, errc::out_of_memory, "", "");
  return nullptr;
}

time_point next_due_of(registry& g) noexcept {
  const sync::scoped_lock lock(g.mutex);
  constexpr duration between_looks = seconds(1); // at counts of which nobody hears
  const time_point due = g.table.next_due(g.policy);
  const time_point again = g.next_try_locked();
  const time_point look = g.in_use.empty() ? never : g.counts_seen_at + between_looks;
  return std::min({due, again, look});
}

time_point now_of(registry& g) noexcept {
  const sync::scoped_lock lock(g.mutex);
  return g.now();
}

} // namespace tenure::inline v1::detail
