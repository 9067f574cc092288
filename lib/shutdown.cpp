// Ending a module on purpose. The order of the steps stands in controller.hpp.
#include "calls.hpp"
#include "events.hpp"
#include "failure_access.hpp"
#include "holder_notes.hpp"
#include "registry.hpp"
#include "report_builder.hpp"
#include "tokens.hpp"

#include <tenure/controller.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <string>
#include <utility>

namespace tenure::inline v1::detail {
namespace {

// Who, when and where: what every later user of the module is told. Made once, shared by all that tell it.
failure make_note(const module_record& r, time_point now, const code_location& where) noexcept {
  failure note;
  failure_parts parts;
  parts.code = errc::module_shut_down;
  parts.path = r.path();
  try {
    const std::string words =
        fmt::format("by thread {}, {:.3f} s on the manager's clock, in {} ({}:{})", os::this_thread_number(),
                    static_cast<double>(now.nanoseconds) / 1e9, where.function, where.file, where.line);
    parts.explanation = words;
    fill(note, parts);
  } catch (const std::bad_alloc&) {
    fill(note, parts);
  }
  return note;
}

// Out of its policy's list, and off the ways in that take no mutex: from here on its last reference comes to
// the registry, and nobody else does.
void withdraw_locked(registry& g, module_record& r) noexcept {
  word seen = look(r.refs);
  while (!replace(r.refs, seen, seen & ~(open_bit | parked_bit | touched_bit | striped_bit))) {
  }
  g.recall_locked(r);
}

bool stop_new_calls(registry& g, module_record& r, failure& note, failure& why) noexcept {
  const sync::scoped_lock lock(g.mutex);
  if (r.shut_down) {
    why = r.shut_down;
    return false;
  }
  if (r.state != phase::open) {
    const bool loading = r.state == phase::loading;
    set_failure(why, loading ? errc::module_is_loading : errc::not_loaded, r.path(), "");
    return false;
  }
  r.shut_down = note;
  set_flags(r.gate, shut_bit);
  jot(r.load, std::uint64_t{0}); // what shortcuts remember of it is to be looked up again, and refused
  withdraw_locked(g, r);
  return true;
}

// How many calls of other threads have not returned when the time is up.
std::uint32_t drain(registry& g, const module_record& r, duration deadline) noexcept {
  constexpr std::int64_t between_looks =
      5'000'000; // nanoseconds: a clock that is not the system's wakes nobody
  const std::uint32_t own = calls_of_this_thread(r);
  const sync::scoped_lock lock(g.mutex);
  const time_point start = g.now();
  for (;;) {
    const std::uint32_t calls = count_of(read_published(r.gate));
    const duration left = deadline - (g.now() - start);
    if (calls <= own || left <= duration{}) return calls > own ? calls - own : 0;
    g.changed.wait_for(g.mutex, std::chrono::nanoseconds(std::min(left.nanoseconds, between_looks)));
  }
}

void go_on_as_before(registry& g, module_record& r) noexcept {
  reopen_token_sources(r); // first: from the next step on another shutdown may begin
  const sync::scoped_lock lock(g.mutex);
  g.end_shutdown_locked(r);
}

// Whether the module of a record that is free again is still in the process: nobody is left to look at it
// then.
unload_outcome look_for(const os::mapped_image& image, const std::string& path) noexcept {
  return image.known() && os::is_mapped(image, path.c_str()) ? unload_outcome::lingering
                                                             : unload_outcome::gone;
}

bool describe_if_there(registry& g, const module_record& r, std::uint64_t life,
                       shutdown_result& result) noexcept {
  const sync::scoped_lock lock(g.mutex);
  if (r.generation != life) return false;
  const unload_entry now = describe_locked(r);
  result.outcome = now.outcome;
  result.references = now.references;
  return true;
}

// Drops the last hold of the controller, and looks what has become of the module. The path is copied before,
// while something can still be refused.
void let_go_of(registry& g, module_record& r, const std::string& path, shutdown_result& result) noexcept {
  const registry_hold alive(g);
  const os::mapped_image image = r.image;
  const std::uint64_t life = r.generation; // constant while it is held
  drop_reference(r);
  if (describe_if_there(g, r, life, result)) return;
  result.outcome = look_for(image, path);
}

bool copy_path(const module_record& r, std::string& path) noexcept {
  try {
    path = r.loaded_as;
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

// The calls in flight that are known by name; "" if none is.
std::string calls_in_words(const module_record& r) {
  holder_data held;
  collect_holders(r, r.generation, held);
  std::string text;
  for (const holder& h : held.holders)
    if (h.kind == holder_kind::guard || h.kind == holder_kind::call || h.kind == holder_kind::thread)
      text += fmt::format("{}{}", text.empty() ? "" : "; ", h.text);
  return text;
}

bool refuse_for_calls(shutdown_result& result, const module_record& r) noexcept {
  try {
    const std::string calls = calls_in_words(r);
    set_failure(result.why, errc::calls_in_flight, r.path(), calls.c_str());
  } catch (const std::bad_alloc&) {
    set_failure(result.why, errc::calls_in_flight, r.path(), "");
  }
  return false;
}

bool refused(shutdown_result& result, errc code, const char* path, const char* text) noexcept {
  set_failure(result.why, code, path, text);
  return false;
}

// What speaks against an end that may be refused; if anything does, the module goes on as before.
bool may_end(registry& g, module_record& r, shutdown_result& result) noexcept {
  if (result.calls != 0) {
    go_on_as_before(g, r);
    return refuse_for_calls(result, r);
  }
  const hook_result said = g.ask_held(r);
  if (said.yes) return true;
  go_on_as_before(g, r);
  tell_events(g);
  return refused(result, errc::module_vetoed, r.path(), said.text);
}

} // namespace

bool shut_down(record* held, duration deadline, shutdown_mode mode, const code_location& where,
               shutdown_result& result, failure& note) noexcept {
  if (held == nullptr) return refused(result, errc::empty_handle, "", "a controller of nothing");
  module_record& r = full(*held);
  registry& g = *r.owner;
  std::string path;
  if (!copy_path(r, path)) return refused(result, errc::out_of_memory, "", "");
  failure told = make_note(r, now_of(g), where);
  if (!stop_new_calls(g, r, told, result.why)) return false;
  shut_token_sources(r, told);
  result.calls = drain(g, r, deadline);
  if (mode == shutdown_mode::refuse && !may_end(g, r, result)) return false;
  result.tokens = end_token_sources(r);
  note = std::move(told);
  let_go_of(g, r, path, result);
  return true;
}

} // namespace tenure::inline v1::detail
