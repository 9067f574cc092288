// Opening: the look-up without a lock, waiting for another thread's load, answering this thread's re-entry,
// loading.
#include "opening.hpp"

#include "departure.hpp"
#include "events.hpp"
#include "failure_access.hpp"
#include "file_check.hpp"
#include "hash.hpp"
#include "left_behind.hpp"
#include "loader_scope.hpp"
#include "os/dead_frames.hpp"
#include "os/fork.hpp"
#include "os/lock_wait.hpp"
#include "private_copy.hpp"
#include "symbol_cache.hpp"
#include "throwers.hpp"

#include <fmt/core.h>

#include <new>
#include <utility>

namespace tenure::inline v1::detail {

// If the loader stands still, the reference is lost, and the module stays: nobody is left to give it back.
void system_close(void* handle) {
  const loader_turn turn(turn_use::close, "a module that it has opened", default_patience);
  if (!turn.taken()) return;
  const loader_scope inside;
  os::fault ignored; // one reference more or less of a module that stays loaded
  os::close(handle, ignored);
}

namespace {

// Of the whole process: a shortcut may meet modules of several managers.
constinit std::uint64_t loads_so_far = 0;

// A file that was replaced while the old one is mapped loads under another spelling; two old ones need one
// more.
constexpr unsigned spellings = 4;

// Fills in what the system knows of a handle that we hold; lets go of it if memory runs out.
bool describe_held(loaded& seen) {
  try {
    return os::describe(seen.handle, seen.image, seen.path);
  } catch (const std::bad_alloc&) {
    system_close(std::exchange(seen.handle, nullptr));
    throw;
  }
}

} // namespace

bool system_open(const std::string& path, const open_options& options, loaded& out, os::fault& fault) {
  if (const char* const culprit = loader_blocked_by()) { // the call would never return
    fault.cause = errc::loader_blocked;
    fault.missing = culprit;
    return false;
  }
  const loader_turn turn(turn_use::load, path.c_str(), options.patience);
  if (!turn.taken()) {
    explain_busy(fault, turn);
    return false;
  }
  const loader_scope inside;
  out = {}; // an attempt under another spelling may have left its own image
  const time_point start = os::now();
  out.handle = os::open(path, options, fault);
  out.took = os::now() - start;
  if (out.handle == nullptr) return false;
  out.loaded_by_us = true;
  describe_held(out); // a system that tells nothing leaves it without a known place
  return true;
}

record* opening::failed(const os::fault& fault, std::string_view path) noexcept {
  fill(why_, fault, path);
  return nullptr;
}

// Spellings that mean another file after a chdir are looked up each time.
void opening::remember_name_locked(module_record& r) {
  if (!os::has_folder(name_) || os::is_absolute(name_)) g_.add_name_locked(r, name_);
}

// Its file was replaced, and stands in its place again: what replaced it is the old one now.
void opening::come_back_locked(module_record& r, std::string_view path) noexcept {
  idle_access::note_superseded(r, false);
  g_.supersede_locked(path, r.file);
}

record* opening::by_name(std::string name) {
  name_ = std::move(name);
  location where;
  std::vector<std::string> search_path;
  {
    const sync::scoped_lock lock(g_.mutex);
    ++g_.stats.opens;
    module_record* const fixed = g_.names.find(
        hash_bytes(name_), [&](const module_record& r) { return r.is_static() && r.named(name_); });
    if (fixed != nullptr) return g_.share_locked(*fixed, why_);
    search_path = g_.search_path;
  }
  if (!resolve(name_, search_path, g_.options.system_search, where, why_)) return nullptr;
  return where.by_system ? by_system(where) : by_file(where);
}

record* opening::by_file(const location& where) {
  module_record* r = nullptr;
  answer next;
  {
    const sync::scoped_lock lock(g_.mutex);
    next = decide_locked(where, r);
    if (next == answer::load && !options_.no_load) begin_locked(r, where, options_.private_copy);
  }
  if (next == answer::settled) return r;
  if (next == answer::join) return load_again_beside(where);
  return options_.no_load ? load_again_beside(where) : load(*r, where);
}

// What to do about a file, once no other thread is in the middle of loading or closing it.
opening::answer opening::decide_locked(const location& where, module_record*& r) {
  patience_left left(options_.patience);
  for (;;) {
    r = g_.find_file_locked(where.file);
    if (r == nullptr || r->state == phase::lingering) {
      if (options_.private_copy) r = nullptr; // what lingers stays in the reports
      return answer::load;
    }
    if (r->state == phase::open) {
      if (r->superseded() && r->named(where.path)) come_back_locked(*r, where.path);
      remember_name_locked(*r);
      r = g_.share_locked(*r, why_);
      return answer::settled;
    }
    if (r->worker == sync::this_thread_id()) {
      const answer a = reenter_locked(*r);
      if (why_) r = nullptr;
      return a;
    }
    if (sync::this_thread().inside_loader != 0) return answer::join;
    if (!await_locked(*r, left)) {
      r = nullptr;
      return answer::settled;
    }
  }
}

// Waits for another thread's load or close, which may still have to pass the gate. False, with a failure, if
// that takes too long.
bool opening::await_locked(const module_record& r, patience_left& left) {
  // As long as anything gets done, one that stands in line is not given up: a sweep may close many modules.
  const bool over =
      left.is_over(g_.stats.loads + g_.stats.failures + g_.stats.closes + g_.stats.deferrals + 1);
  // A worker needs the mutex to end its work.
  const bool in_vain = left.waited() >= first_look && os::waits_for_this_thread(r.worker_number, &g_.mutex);
  if (!over && !in_vain) {
    wait_beside_forks(g_.changed, g_.mutex, left.next());
    return true;
  }
  os::fault fault;
  fault.cause = errc::loader_busy;
  fault.explanation = describe_worker(r.worker_number, r.state == phase::closing ? "closing" : "loading",
                                      r.path(), left.waited(), in_vain);
  failed(fault, name_);
  return false;
}

// This very thread loads or closes the module, and its initialiser or finaliser asks for it again.
opening::answer opening::reenter_locked(module_record& r) {
  if (r.state == phase::closing)
    set_failure(why_, errc::module_is_closing, r.path(), "");
  else
    acquire(r.refs); // counted, but not open: no other thread gets it before its initialisers are done
  return answer::settled;
}

// A record in the state `loading`: found again by its file, one share of the registry.
void opening::begin_locked(module_record*& r, const location& where, bool copied) {
  if (r == nullptr) {
    module_record& fresh = g_.new_record_locked();
    g_.images.reserve(2); // its file, and its handle if it is published at once
    g_.add_name_locked(fresh, where.path);
    fresh.file = where.file;
    fresh.copied = copied;
    g_.images.insert(hash_file(fresh.file), fresh);
    g_.keep();
    r = &fresh;
  } else if (references_to(*r) == 0) {
    // It was closed: what was remembered of it may lie elsewhere from now on.
    r->generation = r->generation + 1;
  }
  r->state = phase::loading;
  jot(r->load, std::uint64_t{0}); // its initialiser asks for nothing that is of the time before
  jot(r->being_loaded, true);
  r->worker = sync::this_thread_id();
  r->worker_number = os::this_thread_number();
  set_flags(r->refs, pending_bit); // a reference of its own initialiser that goes has nobody to tell
}

// True if the system's loader must not see the file.
bool opening::refused(const location& where) {
  if (!threw_before(where.file)) return !check_file(where.path, g_.options.check, why_);
  set_failure(why_, errc::initializer_threw, where.path.c_str(),
              "at an earlier open; the system keeps it half built");
  return true;
}

record* opening::load(module_record& r, const location& where) {
  os::fault fault;
  loaded seen;
  try {
    if (!refused(where) && !try_spellings(where, seen, fault)) failed(fault, where.path);
    os::wipe_dead_frames<4 * 1024>(); // of its initialisers
    note_references(seen);
    if (fault.blocks_loader) note_thrower(where.file, where.path.c_str());
    if (seen.handle != nullptr && !prepare(seen)) system_close(std::exchange(seen.handle, nullptr));
    const host_seat* seat = nullptr;
    {
      const sync::scoped_lock lock(g_.mutex);
      if (seen.handle == nullptr) return give_up_locked(r);
      if (still_ours(r)) {
        if (!seen.side.talks()) return publish_locked(r, seen);
        seat = &seat_locked(r, seen);
      }
    }
    if (seat != nullptr) return welcome(r, seen, *seat, false);
  } catch (const std::bad_alloc&) {
    set_failure(why_, errc::out_of_memory, "", "");
    if (seen.handle != nullptr) system_close(seen.handle);
    const sync::scoped_lock lock(g_.mutex);
    return give_up_locked(r);
  }
  return by_handle(seen, name_); // a thread inside the loader got ahead of us and published it
}

// Right after the load, before anybody else has the module.
void opening::note_references(loaded& seen) const noexcept {
  const bool wanted = g_.check == departure_check::references || g_.options.remember_references;
  if (wanted && seen.references == nullptr && seen.image.known())
    seen.references = references_after_load(seen.image);
}

// False once another thread has published the record; it may even be closed again, or be another module's by
// now.
bool opening::still_ours(const module_record& r) noexcept {
  return r.state == phase::loading && r.worker == sync::this_thread_id();
}

bool opening::load_copy(const location& where, loaded& seen, os::fault& fault) {
  private_copy copy;
  const bool opened = copy.make(where.path, fault) && system_open(copy.path(), options_, seen, fault);
  seen.copied = opened;
  return opened;
}

// Opens under the plain path, and under other spellings while the system answers with the image of an older
// file.
bool opening::try_spellings(const location& where, loaded& seen, os::fault& fault) {
  if (options_.private_copy) return load_copy(where, seen, fault);
  for (unsigned attempt = 0; attempt != spellings; ++attempt) {
    const std::string path = attempt == 0 ? where.path : os::respell(where.path, attempt);
    if (!system_open(path, options_, seen, fault)) return false;
    module_record* old = nullptr;
    {
      const sync::scoped_lock lock(g_.mutex);
      old = g_.find_image_locked(seen.handle, seen.path, nullptr);
      if (old == nullptr) g_.supersede_locked(where.path, where.file);
      if (old == nullptr || old->file == where.file) return true;
      g_.supersede_locked(*old);
    }
    system_close(std::exchange(seen.handle, nullptr));
  }
  fault.cause = errc::old_image_still_mapped;
  return false;
}

// It lingered, and comes back; what was found in it may lie elsewhere now.
void opening::renew_symbols_locked(module_record& r, const loaded& seen) {
  symbol_cache* const fresh = symbol_cache::make(seen.handle, seen.image, r.symbols);
  if (fresh == nullptr) throw std::bad_alloc();
  publish_value(r.symbols, fresh);
}

record* opening::publish_locked(module_record& r, loaded& seen) {
  g_.images.reserve(1); // the only steps that can fail: before anything is changed
  if (r.symbols != nullptr) renew_symbols_locked(r, seen);
  if (r.handle != nullptr)
    g_.images.erase(hash_handle(r.handle), r); // it lingered, and may have come back elsewhere
  r.handle = seen.handle;
  r.image = seen.image;
  if (!std::exchange(g_.exit_watched, true)) os::watch_exit();
  r.loaded_as.swap(seen.path);
  r.baseline = std::move(seen.references);
  r.side = seen.side;
  g_.some_votes |= seen.side.votes();
  idle_access::note_single_threaded(r, seen.side.single_threaded);
  g_.images.insert(hash_handle(r.handle), r);
  idle_access::note_load(r, seen.took, r.image.whole.size());
  idle_access::note_whose_and_when(r, r.file == os::file_identity{} ? 0 : hash_file(r.file),
                                   g_.table.reads_time ? g_.now() : time_point{});
  idle_access::note_use(r);
  idle_access::note_superseded(r, false);
  ++r.loads;
  r.loaded_at = g_.next_tick_locked();
  r.load_number = take_number(loads_so_far) + 1;
  jot(r.load, r.load_number);
  jot(r.being_loaded, false);
  ++g_.stats.loads;
  g_.stats.loading = g_.stats.loading + seen.took;
  r.reason = linger_reason::none;
  r.violation = errc::ok;
  r.state = phase::open;
  r.kept_by = keeper::nobody;
  r.worker = 0;
  if (has_desk(g_)) put_opened_locked(g_, r, seen.loaded_by_us, seen.took);
  acquire(r.refs); // before it is open: it is never seen open without a reference
  set_flags(r.refs, open_bit);
  if (r.stripe != 0) {
    forget_opens(r.stripe);
    g_.begin_use_locked(r);
  }
  clear_flags(r.refs, pending_bit);
  try {
    remember_name_locked(r);
  } catch (const std::bad_alloc&) {
    // a spelling that is not remembered is looked up the slow way
  }
  g_.changed.notify_all();
  return &r;
}

// The load failed: nothing stays behind, except for a module whose initialiser holds references to itself.
record* opening::give_up_locked(module_record& r) noexcept {
  if (!still_ours(r)) return nullptr; // another thread has loaded it meanwhile
  clear_flags(r.refs, pending_bit);
  jot(r.being_loaded, false);
  if (r.handle != nullptr || references_to(r) != 0) { // it lingered before, or refers to itself
    r.state = phase::lingering;
    g_.lingered = true;
    r.worker = 0;
    g_.changed.notify_all();
    return nullptr;
  }
  g_.forget_locked(r);
  static_cast<void>(unshare(g_.holders)); // never the last share: the caller has the manager
  return nullptr;
}

// Inside the loader this thread must not wait for another: it asks the system itself. The system counts, so
// both get the same module.
record* opening::load_again_beside(const location& where) {
  os::fault fault;
  loaded seen;
  if (!system_open(where.path, options_, seen, fault)) return failed(fault, where.path);
  return by_handle(seen, name_);
}

namespace {

template <class Body> record* tried(registry& g, failure& why, Body&& body) noexcept {
  const quiet_scope quiet(g);
  const os::fork_gate no_fork_meanwhile;
  try {
    record* const r = body(why);
    if (r != nullptr && !full(*r).is_static()) take_back(full(*r));
    return r;
  } catch (const std::bad_alloc&) {
    set_failure(why, errc::out_of_memory, "", "");
    return nullptr;
  }
}

template <class Body> record* guarded(registry& g, failure& why, Body&& body) noexcept {
  record* const r = tried(g, why, body);
  if (r != nullptr || why.code() != errc::module_shut_down || !g.close_what_was_shut()) return r;
  why = {};
  return tried(g, why, body);
}

// What all ways to a module have in common. An observer is told the whole story, whatever the caller has room
// for.
template <class Body> record* answered(registry& g, failure& why, Body&& body) noexcept {
  failure whole;
  failure& told = has_desk(g) ? whole : why;
  record* const r = guarded(g, told, body);
  if (r == nullptr) note_failure(g, told);
  if (whole) why = whole;
  tell_events(g);
  return r;
}

} // namespace

record* open_slowly(registry& g, path_view path, const open_options& options, failure& why) noexcept {
  const auto open = [&](failure& told) -> record* {
    os::fault fault;
    std::string name = os::to_internal(path, fault);
    if (fault) {
      fill(told, fault, name);
      return nullptr;
    }
    try_leftovers(); // an open that goes the long way is a safe point
    return opening(g, options, told).by_name(std::move(name));
  };
  if (!options.no_load) return answered(g, why, open);
  record* const r = guarded(g, why, open); // "not loaded" is an answer
  tell_events(g);
  return r;
}

namespace {

std::string words_of(const void* address) { return fmt::format("{}", address); }

} // namespace

record* adopt_module(registry& g, void* native_handle, failure& why) noexcept {
  return answered(g, why, [&](failure& told) -> record* {
    loaded seen;
    seen.handle = native_handle;
    if (native_handle == nullptr || !os::describe(native_handle, seen.image, seen.path, true)) {
      set_failure(told, errc::foreign_handle, "", words_of(native_handle).c_str());
      return nullptr;
    }
    return opening(g, {}, told).by_handle(seen, seen.path, true);
  });
}

record* module_containing(registry& g, const void* address, failure& why) noexcept {
  return answered(g, why, [&](failure& told) -> record* {
    os::fault fault;
    loaded seen;
    if (const char* const culprit = loader_blocked_by()) {
      set_failure(told, errc::loader_blocked, culprit, "");
      return nullptr;
    }
    loader_turn turn(turn_use::look_up, "what contains an address", default_patience);
    if (!turn.taken()) {
      explain_busy(fault, turn);
      fill(told, fault, "");
      return nullptr;
    }
    seen.handle = os::handle_of_address(address, fault);
    if (seen.handle == nullptr || !describe_held(seen)) {
      if (seen.handle != nullptr) system_close(seen.handle);
      fault.cause = errc::no_module_at_address;
      fault.explanation = words_of(address);
      fill(told, fault, "");
      return nullptr;
    }
    turn.leave(); // whoever is waited for now may need it
    return opening(g, {}, told).by_handle(seen, seen.path);
  });
}

record* add_static_module(registry& g, const char* name, const static_symbol* symbols, std::size_t n,
                          failure& why) noexcept {
  return answered(g, why, [&](failure& told) -> record* {
    if (name == nullptr) {
      set_failure(told, errc::name_missing, "", "of a static module");
      return nullptr;
    }
    const sync::scoped_lock lock(g.mutex);
    if (g.names.find(hash_bytes(name), [&](const module_record& r) { return r.named(name); }) != nullptr) {
      set_failure(told, errc::already_registered, name, "");
      return nullptr;
    }
    module_record& r = g.new_record_locked();
    g.add_name_locked(r, name);
    r.static_symbols = symbols;
    r.load = r.load_number = take_number(loads_so_far) + 1;
    r.static_count = n;
    r.pins = 1; // part of the program: no policy ever sees it
    r.state = phase::open;
    g.keep();
    note_locked(g, event_kind::opened, r);
    publish(r.refs, open_bit | one_reference);
    if (r.stripe != 0) g.begin_use_locked(r);
    return &r;
  });
}

} // namespace tenure::inline v1::detail
