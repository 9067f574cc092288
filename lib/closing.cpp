// Closing: what stands between "the policy chose a victim" and "the system is asked to close it", the close
// itself, and the look afterwards. Module code (finalisers, hooks) runs here, without the mutex.
#include "departure.hpp"
#include "events.hpp"
#include "linger.hpp"
#include "loader_scope.hpp"
#include "loader_turn.hpp"
#include "os/fork.hpp"
#include "os/quarantine.hpp"
#include "plugin_host.hpp"
#include "private_copy.hpp"
#include "registry.hpp"
#include "report_builder.hpp"
#include "static_tls.hpp"
#include "symbol_cache.hpp"
#include "throwers.hpp"

#include <new>
#include <utility>

namespace tenure::inline v1::detail {

const char* why_not_at_all(const registry& g) noexcept {
  if (os::is_exiting()) return "the process is exiting";
  if (g.table.keeps_pages) return "the policy keeps its pages";
  if (loader_blocked_by() != nullptr)
    return "the loader is blocked for ever by a module that threw while it was loaded";
  return nullptr;
}

namespace {

void note(report_builder* report, const module_record& r, const unload_entry& entry) noexcept {
  if (report != nullptr) report->add(r, entry);
}

struct close_result {
  bool refused = false;
  bool gone = false;
  duration took;
  errc violation = errc::ok;
  linger_finding why;
};

void explain(const module_record& r, close_result& result, const os::fault& fault) noexcept {
  try {
    result.why = explain_lingering(r.path(), r.image);
    if (fault) result.why.detail = std::string(fault.call) + ": " + fault.text;
  } catch (const std::bad_alloc&) {
    result.why.reason = linger_reason::unknown; // no memory for the evidence
  }
}

close_result close_image(const registry& g, module_record& r, const char* why) noexcept {
  close_result result;
  os::fault fault;
  os::departed* const note =
      g.options.stale_pointers != quarantine::off ? os::announce_departure(r.image, r.path(), why) : nullptr;
  {
    const loader_scope inside;
    const time_point start = os::now();
    result.refused = !os::close(r.handle, fault);
    result.took = os::now() - start;
  }
  if (fault.blocks_loader) note_thrower(r.file, r.path());
  result.gone = !result.refused && r.image.known() && !os::is_mapped(r.image, r.loaded_as.c_str());
  os::finish_departure(note, result.gone);
  if (result.gone && r.copied) discard_private_copy(r.loaded_as);
  if (!result.gone) explain(r, result, fault);
  return result;
}

// A hook that threw has not kept the module from going, but is told.
void note_violation(close_result& result, const hook_result& said) noexcept {
  result.violation = said.violation;
  if (said.violation == errc::ok || !result.why.detail.empty()) return;
  try {
    result.why.detail = said.text;
  } catch (const std::bad_alloc&) {
    // the code alone tells
  }
}

// Its finaliser may run, and then opens and releases what it likes.
void kick(const module_record& r) noexcept {
  if (loader_blocked_by() != nullptr) return;
  const loader_turn turn(turn_use::close, r.path(), default_patience);
  if (!turn.taken()) return; // a later look kicks it
  const loader_scope inside;
  os::kick(r.loaded_as.c_str());
}

void linger_locked(registry& g, module_record& r, const close_result& result) noexcept {
  ++g.stats.lingers;
  registry::set_evidence_locked(r, result.why.detail.c_str());
  r.reason = result.why.reason;
  r.violation = result.violation;
  r.state = phase::lingering;
  g.lingered = true;
  g.end_shutdown_locked(r);
  r.worker = 0;
  g.look_again |= sync::this_thread().inside_loader != 0;
  g.changed.notify_all();
}

void note_close_locked(registry& g, const module_record& r, const close_result& result,
                       bool lingers) noexcept {
  if (!has_desk(g)) return;
  event_particulars more;
  more.took = result.took;
  more.detail = result.why.detail.c_str();
  more.error = result.violation;
  if (lingers) more.reason = result.why.reason;
  put_event_locked(g, lingers ? event_kind::lingering : event_kind::closed, &r, more);
}

// True if the record is free and its share of the registry has to go.
bool record_result_locked(registry& g, module_record& r, const close_result& result,
                          report_builder* report) noexcept {
  ++g.stats.closes;
  g.stats.closing = g.stats.closing + result.took;
  unload_entry entry;
  if (report != nullptr) entry = describe_locked(r); // which looks at all records for who needs it
  entry.took = result.took;
  entry.violation = result.violation;
  const bool reopened =
      !result.gone && g.find_image_locked(r.handle, r.loaded_as, &r) != nullptr; // beside us, while we closed
  const bool lingers = !result.gone && !reopened;
  if (lingers) linger_locked(g, r, result);
  if (result.gone && r.image.static_tls) note_static_tls_gone_locked(g);
  note_close_locked(g, r, result, lingers);
  entry.outcome = result.refused ? unload_outcome::failed
                  : lingers      ? unload_outcome::lingering
                  : reopened     ? unload_outcome::busy
                                 : unload_outcome::gone;
  entry.reason = lingers ? result.why.reason : linger_reason::none;
  entry.detail = lingers || result.gone ? result.why.detail.c_str() : "";
  note(report, r, entry);
  const bool forget = !lingers || g.policy == nullptr; // nobody is left to look at it again
  if (forget) g.forget_locked(r);
  return forget;
}

// It was told that it goes, and does not. It cannot refuse any more.
void welcome_back(module_record& r) noexcept {
  if (r.side.loaded != nullptr) static_cast<void>(call_loaded(r.side, r.seat->table));
  r.greeted = true;
}

// Why the module must not be closed now, if anything. A module with a hook may stop its threads there, so it
// is told first, once its code is not on this stack; what still needs it then makes it go on.
departure_finding prepare_departure(module_record& r, const closing_chain& chain,
                                    hook_result& said) noexcept {
  if (!r.greeted || r.side.unloading == nullptr) return ask_before_departure(chain.level, r, chain.entry);
  const bool others_too = chain.level >= departure_check::threads;
  departure_finding found =
      ask_before_departure(others_too ? departure_check::own_stack : chain.level, r, chain.entry);
  if (found) return found;
  said = call_unloading(r.side, r.seat->table);
  if (others_too) found = ask_before_departure(chain.level, r, chain.entry);
  if (!found) {
    r.greeted = false;
    return found;
  }
  welcome_back(r);
  return found;
}

// Where it lies, if the system has not said that when it was loaded: else nobody can look whether it is needed, nor
// whether it has gone. False if it does not say it now.
bool know_place(registry& g, module_record& r) noexcept {
  if (r.image.known()) return true;
  try {
    os::mapped_image image;
    std::string path;
    if (!os::describe(r.handle, image, path)) return false;
    const sync::scoped_lock lock(g.mutex); // whoever asks by a handle compares the path
    r.image = image;
    r.loaded_as.swap(path);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

departure_finding its_place_is_unknown() noexcept {
  return {"where it lies cannot be told, so nobody knows whether it is needed: the system does not say"};
}

departure_finding loader_is_busy(const loader_turn& turn) noexcept {
  departure_finding found;
  found.tell("the system's loader is busy: {}", turn.who());
  return found;
}

// True if the record's share of the registry has to go.
bool postpone(registry& g, module_record& r, departure_check level, const departure_finding& found,
              report_builder* report) noexcept {
  const sync::scoped_lock lock(g.mutex);
  ++g.stats.deferrals;
  if (level >= departure_check::threads)
    g.wait_for_anybody_locked(r, unload_outcome::deferred);
  else
    g.wait_for_safe_point_locked(r, unload_outcome::deferred);
  registry::set_evidence_locked(r, found.text);
  note_locked(g, event_kind::deferred, r, found.text);
  note(report, r, describe_locked(r));
  return false;
}

bool keep_mapped(registry& g, module_record& r, const char* why, report_builder* report) noexcept {
  const sync::scoped_lock lock(g.mutex);
  unload_entry entry = describe_locked(r);
  entry.outcome = unload_outcome::kept;
  entry.detail = why;
  note(report, r, entry);
  if (g.policy == nullptr) {
    g.forget_locked(r);
    return true;
  }
  note_locked(g, event_kind::deferred, r, why);
  g.end_shutdown_locked(r);
  g.put_back_locked(r);
  return false;
}

// Part of the program, and its manager is gone: only the record goes.
bool leave_static(registry& g, module_record& r) noexcept {
  const sync::scoped_lock lock(g.mutex);
  g.forget_locked(r);
  return true;
}

// A second close would hit a stranger, and the checks would read what is not there.
bool closed_by_others(registry& g, module_record& r, report_builder* report) noexcept {
  close_result result;
  result.gone = true;
  try {
    result.why.detail = "somebody else had closed the system's handle already";
  } catch (const std::bad_alloc&) {
    // gone, without the words
  }
  const sync::scoped_lock lock(g.mutex);
  return record_result_locked(g, r, result, report);
}

// Its own code let it go, and this thread may still be in it. Once it is not, the policy gets it as any
// other.
bool let_policy_decide(registry& g, module_record& r, const closing_chain& chain,
                       report_builder* report) noexcept {
  if (const departure_finding found = ask_before_departure(departure_check::own_stack, r, chain.entry))
    return postpone(g, r, departure_check::own_stack, found, report);
  closing_chain due(chain.why, chain.level);
  {
    const sync::scoped_lock lock(g.mutex);
    registry::forget_wait_locked(r);
    r.state = phase::open;
    r.worker = 0;
    publish(r.refs, open_bit);
    idle_list victims;
    g.settle_locked(r, r.last_use(), victims);
    g.claim_locked(victims, due);
    g.changed.notify_all();
  }
  g.close_chain(due, report);
  return false;
}

// What was found in it points into it, and must not be taken for a reference; and it may come back elsewhere.
// Nobody else can reach the record now.
void forget_symbols(module_record& r) noexcept {
  symbol_cache* const found = r.symbols;
  publish_value(r.symbols, static_cast<symbol_cache*>(nullptr));
  symbol_cache::free(found);
}

bool close_one(registry& g, module_record& r, const closing_chain& chain, report_builder* report) noexcept {
  if (r.is_static()) return leave_static(g, r);
  if (const char* const why = why_not_at_all(g)) return keep_mapped(g, r, why, report);
  if (r.image.known() && !os::is_mapped(r.image, r.loaded_as.c_str())) return closed_by_others(g, r, report);
  if (!know_place(g, r) && chain.level != departure_check::none)
    return postpone(g, r, departure_check::threads, its_place_is_unknown(), report); // any thread may try again
  if (r.let_go_inside) return let_policy_decide(g, r, chain, report);
  if (chain.in_order && r.image.static_tls)
    if (const departure_finding found = ask_static_tls(g, r))
      return postpone(g, r, departure_check::threads, found, report);
  if (!g.may_close(r, chain, report)) return false;
  if (chain.level == departure_check::references) forget_symbols(r);
  hook_result said;
  const bool was_greeted = r.greeted;
  if (const departure_finding found = prepare_departure(r, chain, said))
    return postpone(g, r, chain.level, found, report);
  loader_turn turn(turn_use::close, r.path(), default_patience);
  departure_finding found; // while it was waited for
  if (turn.waited())
    found = turn.taken() ? ask_before_departure(chain.level, r, chain.entry) : loader_is_busy(turn);
  if (found) {
    if (was_greeted && !r.greeted) welcome_back(r);
    return postpone(g, r, turn.taken() ? chain.level : departure_check::threads, found, report);
  }
  forget_symbols(r); // also of a module that will linger: each load has its own
  close_result result = close_image(g, r, chain.why);
  turn.leave(); // it names the record's path
  note_violation(result, said);
  const sync::scoped_lock lock(g.mutex);
  return record_result_locked(g, r, result, report);
}

} // namespace

void registry::close_chain(closing_chain& chain, report_builder* report) noexcept {
  if (chain.head == nullptr) return;
  const registry_hold alive(*this);
  const quiet_scope quiet(*this);
  const os::fork_gate no_fork_meanwhile;
  for (module_record* r = chain.head; r != nullptr;) {
    module_record* const next = r->next_closing;
    if (close_one(*this, *r, chain, report)) let_go(*this);
    r = next;
  }
  release_dependencies();
  if (sync::this_thread().inside_loader == 0) look_again_outside(report);
}

// glibc postpones a close that comes from a finaliser until the close that runs the finaliser is done.
void registry::look_again_outside(report_builder* report) noexcept {
  bool finished = false;
  bool freed = false;
  {
    const sync::scoped_lock lock(mutex);
    finished = std::exchange(look_again, false);
    freed = std::exchange(static_tls_freed, false);
  }
  if (finished) look_at_lingering(report);
  if (freed) safe_point();
}

void registry::safe_point() noexcept {
  closing_chain chain("at a safe point after its last release", check);
  {
    const sync::scoped_lock lock(mutex);
    if (waiting.empty()) return;
    idle_list victims;
    take_waiting_locked(victims, false);
    claim_locked(victims, chain);
  }
  close_chain(chain, nullptr);
}

// A module that was shut down and let go may still wait for this thread to have left it. Whoever opens it
// asks for that. False if there was nothing to be tried.
bool registry::close_what_was_shut() noexcept {
  closing_chain chain("by an open after its shutdown", check);
  {
    const sync::scoped_lock lock(mutex);
    idle_list victims;
    take_waiting_locked(victims, true, true);
    claim_locked(victims, chain);
  }
  if (chain.head == nullptr) return false;
  close_chain(chain, nullptr);
  return true;
}

// The next lingering module behind `after`, as a module that this thread is closing: nobody opens it
// meanwhile.
module_record* registry::take_lingering(const module_record* after) noexcept {
  const sync::scoped_lock lock(mutex);
  if (after == nullptr && !std::exchange(lingered, false)) return nullptr;
  module_record* r = after != nullptr ? after->next_record : records;
  for (; r != nullptr; r = r->next_record) {
    if (r->state != phase::lingering) continue;
    if (references_to(*r) == 0) break;
    lingered = true; // it refers to itself; perhaps no more the next time
  }
  if (r == nullptr) return nullptr;
  r->state = phase::closing;
  r->worker = sync::this_thread_id();
  return r;
}

// Modules that stayed after their close: some go later by themselves, and glibc finishes an unload that it
// postponed for a thread's thread_local destructors only when it closes something again: so it is given
// something to close.
void registry::look_at_lingering(report_builder* report) noexcept {
  const os::fork_gate no_fork_meanwhile;
  for (module_record* r = take_lingering(nullptr); r != nullptr; r = take_lingering(r)) {
    if (r->reason == linger_reason::tls_destructor_pending) kick(*r);
    const bool mapped = os::is_mapped(r->image, r->loaded_as.c_str());
    const sync::scoped_lock lock(mutex);
    r->state = phase::lingering; // as which it is described
    unload_entry entry = describe_locked(*r);
    r->state = phase::closing;
    const bool reopened =
        mapped && find_image_locked(r->handle, r->loaded_as, r) != nullptr; // beside us, while we looked
    entry.outcome = reopened ? unload_outcome::busy
                    : mapped ? unload_outcome::lingering
                             : unload_outcome::gone;
    if (!mapped) {
      r->reason = entry.reason = linger_reason::none, entry.detail = ""; // what kept it, keeps it no more
      note_locked(*this, event_kind::closed, *r);
    }
    note(report, *r, entry);
    if (mapped && !reopened && policy != nullptr) { // else nobody is left to look at it again
      r->state = phase::lingering;
      lingered = true;
      r->worker = 0;
      changed.notify_all();
      continue;
    }
    forget_locked(*r);
    let_go(*this); // never the last share: the caller has the manager
  }
  release_dependencies();
}

} // namespace tenure::inline v1::detail
