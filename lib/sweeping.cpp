// Who asks for many closes at once: sweeps, and the final close. How one is closed stands in closing.cpp.
#include "events.hpp"
#include "holding_cycles.hpp"
#include "left_behind.hpp"
#include "orphans.hpp"
#include "os/frame.hpp"
#include "registry.hpp"
#include "report_builder.hpp"

#include <utility>

namespace tenure::inline v1::detail {
namespace {

// What the policy names; and again, as long as it names some: a victim that was used meanwhile and is idle
// again goes back to the policy.
template <class Name> void claim_all_locked(registry& g, closing_chain& chain, Name&& name) noexcept {
  for (;;) {
    idle_list victims;
    name(victims);
    if (victims.empty()) return;
    g.claim_locked(victims, chain);
  }
}

void claim_due_locked(registry& g, const duration* delay, closing_chain& chain) noexcept {
  if (g.policy == nullptr) return; // a sweeper that outlives its manager
  const sweep_request request{g.now(), delay != nullptr, delay != nullptr ? *delay : duration{},
                              take_flag(g.clock.used), g.some_votes};
  claim_all_locked(g, chain, [&](idle_list& victims) {
    g.settle_unused_locked(victims);
    g.table.sweep(g.policy, request, victims);
  });
}

departure_check stricter(departure_check a, departure_check b) noexcept { return a < b ? b : a; }

void report_all(registry& g, report_builder& report) noexcept {
  const sync::scoped_lock lock(g.mutex);
  for (const module_record* r = g.records; r != nullptr; r = r->next_record)
    if (r->state != phase::absent) report.add(*r, describe_locked(*r));
}

} // namespace

unload_report sweep_registry(registry& g, const duration* delay, departure_check level) noexcept {
  report_builder report;
  sweep_span span(g, "sweep");
  closing_chain chain("by a sweep", stricter(g.check, level));
  chain.asked_since = glance(g.clock.ticks);
  g.ask_idle_modules(&report);
  {
    const sync::scoped_lock lock(g.mutex);
    idle_list victims;
    g.take_waiting_locked(victims, true);
    g.claim_locked(victims, chain);
    claim_due_locked(g, delay, chain);
  }
  const bool nothing_due = chain.head == nullptr;
  g.close_chain(chain, &report);
  g.look_at_lingering(&report);
  try_leftovers();
  if (g.stripes) close_orphans();
  const std::size_t gone = report.count(unload_outcome::gone);
  if (!nothing_due || gone != 0) span.end(gone); // others would fill a log, and wash all else out of a ring
  tell_events(g);
  return report.finish();
}

void close_all(registry& g, departure_check level, bool ask_votes, report_builder& report,
               std::uintptr_t entry) noexcept {
  sweep_span span(g, "final close");
  bool waiting_too = true; // once: what is deferred again stays deferred
  for (;;) {
    closing_chain chain("by a final close", level);
    chain.ask_votes = ask_votes;
    chain.in_order = false;
    {
      const sync::scoped_lock lock(g.mutex);
      idle_list victims;
      if (std::exchange(waiting_too, false)) g.take_waiting_locked(victims, true);
      g.claim_locked(victims, chain);
      claim_all_locked(g, chain, [&](idle_list& idle) {
        g.settle_unused_locked(idle);
        g.table.drain(g.policy, idle);
      });
    }
    if (chain.head == nullptr) break;
    g.close_chain(chain, &report);           // finalisers may release further modules: ask again
    if (why_not_at_all(g) != nullptr) break; // what is kept is idle again
  }
  g.look_at_lingering(&report);
  try_leftovers();
  if (g.stripes) close_orphans();
  span.end(report.count(unload_outcome::gone));
  const bool in_circles =
      entry != 0 && find_holding_cycles(g, entry); // first: a report has addresses of records
  report_all(g, report);
  if (in_circles) forget_holding_cycles(g);
  tell_events(g);
}

unload_report close_all(registry& g, departure_check level, bool ask_votes) noexcept {
  report_builder report;
  close_all(g, level, ask_votes, report);
  return report.finish();
}

unload_report final_close_registry(registry& g, departure_check level, bool force) noexcept {
  report_builder report;
  close_all(g, force ? departure_check::none : stricter(g.check, level), !force, report,
            g.options.find_cycles ? os::entry_frame() : 0);
  return report.finish();
}

unload_report report_of(registry& g) noexcept {
  report_builder report;
  report_all(g, report);
  return report.finish();
}

} // namespace tenure::inline v1::detail
