#include "events.hpp"

#include "event_desk.hpp"

#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace tenure::inline v1 {

const char* to_string(event_kind kind) noexcept {
  constexpr const char* names[] = {"opened",   "loaded", "revived",   "idled",  "vetoed",
                                   "deferred", "closed", "lingering", "failed", "swept"};
  return names[static_cast<std::size_t>(kind)];
}

namespace detail {
namespace {

constexpr const char* no_memory = "(no memory for the words)";

// Two texts in one piece of memory.
void keep_texts(waiting_event& e, const char* path, const char* detail) noexcept {
  const std::size_t first = std::strlen(path) + 1, second = std::strlen(detail) + 1;
  if (first + second == 2) return;
  e.texts = new (std::nothrow) char[first + second];
  if (e.texts == nullptr) {
    if (second != 1) e.what.detail = no_memory;
    return;
  }
  std::memcpy(e.texts, path, first);
  std::memcpy(e.texts + first, detail, second);
  e.what.path = e.texts;
  e.what.detail = e.texts + first;
}

void keep_label(waiting_event& e, const module_record& r) noexcept {
  if (r.names == nullptr) return;
  e.label = r.names;
  share(e.label->owners);
  e.what.path = e.label->text();
}

} // namespace

bool is_observed_locked(const registry& g) noexcept {
  return has_desk(g) && g.desk->observer.told != nullptr;
}

void put_event_locked(registry& g, event_kind kind, const module_record* r,
                      const event_particulars& more) noexcept {
  event_desk& d = *g.desk;
  if (d.observer.told == nullptr) return;
  const std::uint64_t number = ++d.numbers;
  waiting_event* const e = d.take_room();
  if (e == nullptr) {
    ++d.lost, ++d.lost_lately;
    return;
  }
  keep_texts(*e, r != nullptr ? "" : more.path, more.detail);
  if (r != nullptr) keep_label(*e, *r);
  event& what = e->what;
  what.kind = kind;
  what.reason = more.reason;
  what.error = more.error;
  what.count = more.count;
  what.number = number;
  what.lost = std::exchange(d.lost_lately, 0);
  what.life = r != nullptr ? r->load_number : 0;
  what.thread = os::this_thread_number();
  what.at = g.now();
  what.took = more.took;
  what.bytes = more.bytes;
  what.name = last_part(what.path);
  d.push(*e);
}

void put_opened_locked(registry& g, const module_record& r, bool loaded_for_it, duration took) noexcept {
  event_particulars load;
  load.took = took;
  load.bytes = r.mapped_bytes();
  if (loaded_for_it) put_event_locked(g, event_kind::loaded, &r, load);
  put_event_locked(g, event_kind::opened, &r, {});
}

void note_failure(registry& g, const failure& why) noexcept {
  event_particulars more;
  if (has_desk(g)) { // else its words need not be made
    more.path = why.path();
    more.detail = why.what();
    more.error = why.code();
  }
  const sync::scoped_lock lock(g.mutex);
  ++g.stats.failures;
  if (has_desk(g) && more.error != errc::ok) put_event_locked(g, event_kind::failed, nullptr, more);
}

namespace {

bool may_tell_here() noexcept {
  const sync::thread_state& thread = sync::this_thread();
  return thread.inside_loader == 0 && thread.quiet == 0;
}

// One event without the mutex, which is held before and after.
void tell_one(registry& g, event_desk& d, waiting_event& e) noexcept {
  const event_observer to = d.observer;
  g.mutex.unlock();
  if (to.told != nullptr) to.told(to.context, e.what);
  drop_texts(e);
  g.mutex.lock();
  d.give_back(e);
}

// All that waits, unless somebody is at it: that thread goes on until nothing waits.
void tell_all(registry& g) noexcept {
  const registry_hold alive(g);
  const sync::scoped_lock lock(g.mutex);
  event_desk* const d = g.desk;
  if (d == nullptr || d->teller != 0) return;
  d->teller = sync::this_thread_id();
  while (waiting_event* const e = d->pop()) tell_one(g, *d, *e);
  d->teller = 0;
  d->told.notify_all();
}

// On the list of this thread, which looks at it when it leaves the loader; if it is on another's, that one
// does.
void leave_for_later(registry& g) noexcept {
  const sync::scoped_lock lock(g.mutex);
  event_desk* const d = g.desk;
  if (d == nullptr || d->listed_by != 0) return;
  d->listed_by = sync::this_thread_id();
  d->next_untold = std::exchange(sync::this_thread().untold, &g);
  g.keep();
}

registry* take_untold() noexcept {
  sync::thread_state& thread = sync::this_thread();
  registry* const g = thread.untold;
  if (g == nullptr) return nullptr;
  const sync::scoped_lock lock(g->mutex);
  thread.untold = std::exchange(g->desk->next_untold, nullptr);
  g->desk->listed_by = 0;
  return g;
}

} // namespace

void tell_slowly(registry& g) noexcept {
  if (!may_tell_here()) {
    leave_for_later(g);
    return;
  }
  tell_all(g);
  while (registry* const other = take_untold()) {
    tell_all(*other);
    registry::let_go(*other);
  }
}

sweep_span::sweep_span(registry& g, const char* which) noexcept
    : registry_(g)
    , which_(which) {
  if (has_desk(g)) begin_ = now_of(g);
}

void sweep_span::end(std::size_t gone) noexcept {
  if (!has_desk(registry_)) return;
  const sync::scoped_lock lock(registry_.mutex);
  event_particulars more;
  more.took = registry_.now() - begin_;
  more.detail = which_;
  more.count = static_cast<std::uint32_t>(gone);
  put_event_locked(registry_, event_kind::swept, nullptr, more);
}

// --- the observer itself ---

namespace {

// What is parked comes back by the mutex from now on. What was used meanwhile is idle anew.
void unpark_locked(registry& g, module_record& r, idle_list& victims) noexcept {
  word seen = look(r.refs);
  while (!replace(r.refs, seen, seen & ~(parked_bit | touched_bit))) {
  }
  if ((seen & touched_bit) == 0) return;
  g.recall_locked(r);
  if (count_of(seen) == 0) g.settle_locked(r, glance(r.used_at), victims);
}

void unpark_all_locked(registry& g, idle_list& victims) noexcept {
  for (module_record* r = g.records; r != nullptr; r = r->next_record)
    if (r->state == phase::open && (look(r->refs) & parked_bit) != 0) unpark_locked(g, *r, victims);
}

bool refuse(failure& why, errc code, const char* words) noexcept {
  set_failure(why, code, "", words);
  return false;
}

// Takes the desk, if there is none yet.
bool begin_observing(registry& g, event_observer who, std::unique_ptr<event_desk> fresh,
                     failure& why) noexcept {
  closing_chain chain("when it was observed", g.check);
  {
    const sync::scoped_lock lock(g.mutex);
    if (is_observed_locked(g)) return refuse(why, errc::already_observed, "");
    if (g.desk == nullptr) jot(g.desk, fresh.release());
    g.desk->observer = who;
    idle_list victims;
    unpark_all_locked(g, victims);
    g.claim_locked(victims, chain);
  }
  g.close_chain(chain, nullptr);
  tell_events(g);
  return true;
}

std::unique_ptr<event_desk> make_desk(failure& why) noexcept {
  std::unique_ptr<event_desk> fresh(new (std::nothrow) event_desk);
  if (fresh != nullptr && fresh->make_room()) return fresh;
  set_failure(why, errc::out_of_memory, "", "");
  return nullptr;
}

} // namespace

bool observe_registry(registry& g, event_observer who, failure& why) noexcept {
  if constexpr (!events_exist) return refuse(why, errc::unsupported, "this library was built without events");
  if (who.told == nullptr) return refuse(why, errc::empty_observer, "");
  std::unique_ptr<event_desk> fresh = make_desk(why);
  return fresh != nullptr && begin_observing(g, who, std::move(fresh), why);
}

bool own_observer(registry& g, const observer_table& table, void* from, failure& why) noexcept {
  if constexpr (!events_exist) return refuse(why, errc::unsupported, "this library was built without events");
  std::unique_ptr<event_desk> fresh = make_desk(why);
  if (fresh == nullptr) return false;
  void* const place = ::operator new (table.size, std::align_val_t{table.alignment}, std::nothrow);
  if (place == nullptr) return refuse(why, errc::out_of_memory, "");
  table.move_to(place, from);
  fresh->own = &table;
  fresh->owned = place;
  return begin_observing(g, {table.told, place}, std::move(fresh), why);
}

void* owned_observer_of(registry& g) noexcept { return has_desk(g) ? g.desk->owned : nullptr; }

namespace {

// True once the observer is forgotten: nothing waits, or it cannot be told here.
bool forget_observer(registry& g) noexcept {
  const sync::scoped_lock lock(g.mutex);
  event_desk& d = *g.desk;
  const bool telling_itself = d.teller == sync::this_thread_id();
  while (d.teller != 0 && !telling_itself) d.told.wait(g.mutex);
  if (d.waits() && !telling_itself && may_tell_here()) return false;
  d.observer = {};
  d.discard_all();
  return true;
}

} // namespace

void stop_observing(registry& g) noexcept {
  if (!has_desk(g)) return;
  do {
    if (may_tell_here()) tell_all(g);
  } while (!forget_observer(g));
}

void end_observing(registry& g) noexcept {
  stop_observing(g);
  if (!has_desk(g)) return;
  void* owned = nullptr;
  {
    const sync::scoped_lock lock(g.mutex);
    owned = std::exchange(g.desk->owned, nullptr);
  }
  g.desk->destroy_owned(owned);
}

void free_desk(registry& g) noexcept { delete g.desk; }

// The thread that was telling is not here; what it was just telling is told in the parent.
void forget_other_tellers_locked(registry& g) noexcept {
  if (!has_desk(g)) return;
  event_desk& d = *g.desk;
  const sync::thread_id me = sync::this_thread_id();
  ::new (static_cast<void*>(&d.told)) sync::condition; // as those of the registry
  if (d.teller != me) d.teller = 0;
  if (d.listed_by != me) d.listed_by = 0; // its share stays: the registry's memory is the price
}

void count_events_locked(const registry& g, manager_stats& s) noexcept {
  if (!has_desk(g)) return;
  s.events = g.desk->numbers;
  s.events_lost = g.desk->lost;
}

} // namespace detail
} // namespace tenure::inline v1
