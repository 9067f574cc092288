// Asking modules whether they may be unloaded. Module code runs here, without the mutex; the module stays
// because nobody claims a record that is being asked. While it is asked it is open: it may open itself, and
// other threads may use it, which is what a sweep wants to know (C-H8: collect, unlock, ask, look again).
#include "events.hpp"
#include "os/fork.hpp"
#include "registry.hpp"
#include "report_builder.hpp"

namespace tenure::inline v1::detail {
namespace {

void note_veto_locked(registry& g, const module_record& r, const hook_result& said) noexcept {
  ++g.stats.vetoes;
  if (!has_desk(g)) return;
  event_particulars more;
  more.detail = said.text;
  more.error = said.violation;
  put_event_locked(g, event_kind::vetoed, &r, more);
}

void note_answer_locked(registry& g, module_record& r, const hook_result& said) noexcept {
  r.being_asked = false;
  r.asked_at = g.next_tick_locked();
  if (!said.yes) note_veto_locked(g, r, said);
  if (count_of(look(r.refs)) != 0) return; // in use again: what it said is of no interest
  idle_access::note_vote(r, said.yes ? unload_vote::yes : unload_vote::no);
  r.violation = said.violation;
  registry::set_evidence_locked(r, said.text);
}

// The next module behind `after` that is idle, is kept by the policy and votes.
module_record* begin_question_locked(const registry& g, const module_record* after) noexcept {
  module_record* r = after != nullptr ? after->next_record : g.records;
  while (r != nullptr && !(r->kept_by == keeper::policy && r->state == phase::open && !r->being_asked &&
                           r->side.votes() && count_of(look(r->refs)) == 0))
    r = r->next_record;
  if (r != nullptr) r->being_asked = true;
  return r;
}

// It said no. Pre: idle, in no list.
void wait_for_a_yes_locked(registry& g, module_record& r, report_builder* report) noexcept {
  g.wait_for_anybody_locked(r, unload_outcome::vetoed);
  if (report != nullptr) report->add(r, describe_locked(r));
}

} // namespace

// Before a sweep: the policy then sees what each module said.
void registry::ask_idle_modules(report_builder* report) noexcept {
  const os::fork_gate no_fork_meanwhile;
  {
    const sync::scoped_lock lock(mutex);
    if (!some_votes) return;
  }
  for (module_record* r = nullptr;;) {
    {
      const sync::scoped_lock lock(mutex);
      r = begin_question_locked(*this, r);
    }
    if (r == nullptr) return;
    const hook_result said = ask_vote(r->side);
    const sync::scoped_lock lock(mutex);
    note_answer_locked(*this, *r, said);
    if (report != nullptr && r->vote() == unload_vote::no) report->add(*r, describe_locked(*r));
  }
}

// Before a shutdown that may be refused. Pre: the caller holds r.
hook_result registry::ask_held(const module_record& r) noexcept {
  hook_result said;
  said.yes = true;
  if (!r.side.votes()) return said;
  const os::fork_gate no_fork_meanwhile;
  said = ask_vote(r.side);
  if (said.yes) return said;
  const sync::scoped_lock lock(mutex);
  note_veto_locked(*this, r, said);
  return said;
}

// Pre: this thread closes r. False if it does not any more: the module is in use again, or said no and waits.
bool registry::may_close(module_record& r, const closing_chain& chain, report_builder* report) noexcept {
  if (!chain.ask_votes || r.shut_down || !r.side.votes())
    return true; // a shutdown has asked, or would not hear it
  {
    const sync::scoped_lock lock(mutex);
    if (r.asked_at > chain.asked_since && r.vote() != unload_vote::not_asked) {
      if (r.vote() == unload_vote::no) wait_for_a_yes_locked(*this, r, report);
      return r.vote() == unload_vote::yes;
    }
    wait_for_safe_point_locked(r, unload_outcome::deferred); // open, so that it may be used meanwhile
    r.being_asked = true;
  }
  const hook_result said = ask_vote(r.side);
  const sync::scoped_lock lock(mutex);
  note_answer_locked(*this, r, said);
  const bool ours = r.kept_by == keeper::waiting && r.worker == sync::this_thread_id() && !r.let_go_inside;
  if (!ours) return false; // used meanwhile, and somebody else's to close
  waiting.remove(r);
  r.kept_by = keeper::nobody;
  if (!said.yes) {
    wait_for_a_yes_locked(*this, r, report);
    return false;
  }
  publish(r.refs, 0); // idle in the waiting list: only the holder of the mutex could have revived it
  r.state = phase::closing;
  r.worker = sync::this_thread_id();
  return true;
}

} // namespace tenure::inline v1::detail
