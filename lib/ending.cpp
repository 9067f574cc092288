// The end of a manager in the three ways that there are, and what its destructor does.
#include "events.hpp"
#include "left_behind.hpp"
#include "orphans.hpp"
#include "registry.hpp"
#include "report_builder.hpp"

#include <tenure/end.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <new>
#include <utility>

namespace tenure::inline v1::detail {
namespace {

// Something that may still change by itself.
bool is_open_question(const unload_entry& e) noexcept {
  return e.outcome == unload_outcome::busy || e.outcome == unload_outcome::pinned ||
         e.outcome == unload_outcome::deferred || e.outcome == unload_outcome::vetoed;
}

bool is_settled(const unload_report& report) noexcept {
  return std::none_of(report.begin(), report.end(), is_open_question);
}

// Asks again and again, with waits that grow: a vote that has changed wakes nobody.
unload_report close_patiently(registry& g, duration patience, departure_check level) noexcept {
  constexpr std::int64_t first_wait = 1'000'000;     // nanoseconds
  constexpr std::int64_t longest_wait = 100'000'000; // nanoseconds
  const time_point begin = now_of(g);
  for (std::int64_t wait = first_wait;; wait = std::min(2 * wait, longest_wait)) {
    unload_report report = close_all(g, level, true);
    const sync::scoped_lock lock(g.mutex);
    const std::int64_t left = patience.nanoseconds - (g.now() - begin).nanoseconds;
    if (is_settled(report) || left <= 0) return report;
    g.deferred.wait_for(g.mutex, std::chrono::nanoseconds(std::min(wait, left)));
  }
}

// The next module that waits for a yes, as one that the manager forgets: it stays mapped, by choice.
module_record* take_vetoing_locked(registry& g) noexcept {
  for (idle_module* m = g.waiting.front(); m != nullptr; m = idle_list::after(*m)) {
    module_record& r = full(*m);
    if (r.why_waiting != unload_outcome::vetoed || r.being_asked) continue;
    g.waiting.remove(r);
    r.kept_by = keeper::nobody;
    publish(r.refs, 0);
    return &r;
  }
  return nullptr;
}

// Without memory the rest stays as it is: known, and reported as vetoed.
void leave_mapped(registry& g, report_builder& report) noexcept {
  for (;;) {
    std::unique_ptr<left_reference> place(new (std::nothrow) left_reference);
    const sync::scoped_lock lock(g.mutex);
    module_record* const r = place != nullptr ? take_vetoing_locked(g) : nullptr;
    if (r == nullptr) return;
    unload_entry entry = describe_locked(*r);
    entry.outcome = unload_outcome::kept;
    entry.detail = "left mapped at the end, as asked: its vote said no";
    report.add(*r, entry);
    note_locked(g, event_kind::lingering, *r, entry.detail);
    leave_behind_locked(std::move(place), *r);
  }
}

// Lingering modules do not keep the registry for ever: what is still mapped when the manager goes stays
// mapped.
std::uint32_t forget_lingering_locked(registry& g) noexcept {
  std::uint32_t forgotten = 0;
  for (module_record* r = g.records; r != nullptr; r = r->next_record) {
    if (r->state != phase::lingering) continue;
    g.forget_locked(*r);
    ++forgotten;
  }
  return forgotten;
}

// Static modules have nobody to close them and no place in a report, but a share of the registry.
void release_static_locked(registry& g, idle_list& victims) noexcept {
  for (module_record* r = g.records; r != nullptr; r = r->next_record)
    if (r->is_static() && r->state == phase::open && --r->pins == 0 && r->kept_by == keeper::pins)
      g.settle_locked(*r, g.next_tick_locked(), victims);
}

// What a final close would have closed, or told of as busy.
bool has_open_modules(registry& g) noexcept {
  const sync::scoped_lock lock(g.mutex);
  for (const module_record* r = g.records; r != nullptr && !g.table.keeps_pages; r = r->next_record)
    if (r->state == phase::open && !r->is_static()) return true;
  return false;
}

} // namespace

unload_report end_registry(registry& g, end_mode mode, duration patience, departure_check level) {
  if (mode == end_mode::wait) return close_patiently(g, patience, level);
  if (mode == end_mode::force) return close_all(g, level, false);
  report_builder report;
  close_all(g, level, true, report);
  leave_mapped(g, report);
  tell_events(g);
  return report.finish();
}

void retire_registry(registry& g) noexcept {
  const bool forgotten = g.options.forgotten.told != nullptr && has_open_modules(g);
  const unload_report last = forgotten ? final_close_registry(g, g.check, false) : close_all(g, g.check, true);
  if (forgotten) g.options.forgotten.told(g.options.forgotten.context, last);
  void* policy = nullptr;
  std::uint32_t released = 1; // the manager's own share
  closing_chain chain("at the end of its manager", g.check);
  {
    const sync::scoped_lock lock(g.mutex);
    idle_list victims;
    g.settle_unused_locked(victims);
    g.table.drain(g.policy, victims); // what became idle since the final close
    policy = std::exchange(g.policy, nullptr);
    release_static_locked(g, victims);
    g.claim_locked(victims, chain); // a policy that is gone gets nothing back
    released += forget_lingering_locked(g);
  }
  g.close_chain(chain, nullptr);
  end_observing(g);
  g.table.destroy(policy);
  ::operator delete (policy, std::align_val_t{g.table.alignment});
  leave_to_this_thread(g);
  if (g.stripes) {
    leave_orphan(g);
    close_orphans();
  }
  while (released-- != 0) registry::let_go(g);
}

} // namespace tenure::inline v1::detail
