// Tokens: who holds, exactly once each, and what happens after the last.
#include "tokens.hpp"

#include "failure_access.hpp"
#include "gated_lock.hpp"
#include "holder_notes.hpp"
#include "registry.hpp"
#include "unlink.hpp"

#include <charconv>
#include <new>
#include <string_view>
#include <utility>

namespace tenure::inline v1::detail {

token_tree::token_tree(token_state& outermost) noexcept
    : root(outermost) {
  heed_forks();
}

void unshare_token_state(token_state& s) noexcept {
  if (!unshare(s.owners)) return;
  token_tree* const tree = s.tree;
  token_state* const container = s.container;
  delete &s;
  if (tree != nullptr && unshare(tree->sources)) delete tree;
  if (container != nullptr) unshare_token_state(*container);
}

namespace {

void note_place(token_slot& slot, const code_location& where) noexcept {
  const std::string_view file = where.file;
  const std::size_t folder = file.find_last_of("/\\");
  const std::string_view name = folder == std::string_view::npos ? file : file.substr(folder + 1);
  constexpr std::size_t for_line = 11; // ":" and ten digits
  char* const colon = slot.holder + name.copy(slot.holder, token_slot::longest - for_line);
  *colon = ':';
  std::to_chars(colon + 1, slot.holder + token_slot::longest, where.line);
}

// --- the end of a source ---

// Runs by itself in one thread: the one that has set over_bit.
class ending {
public:
  ending(token_state& s, const final_revoke& what) noexcept
      : s_(s)
      , what_(what) {
    share(s_.owners);
  }
  ending(const ending&) = delete;
  ending& operator=(const ending&) = delete;
  ~ending() { unshare_token_state(s_); }

  void begin() noexcept {
    const gated_lock lock(s_.tree->mutex);
    s_.ender = sync::this_thread_id();
    hook_ = s_.hook;
  }
  void tell() const noexcept {
    if (hook_.call != nullptr) hook_.call(hook_.context, what_);
  }
  void leave() noexcept;

private:
  token_state& s_;
  final_revoke what_;
  final_hook hook_;
};

// Out of the lists first, so that nobody ends it again; then what it held goes, without a lock.
void ending::leave() noexcept {
  if (s_.place != nullptr) {
    const sync::scoped_lock lock(s_.place->owner->mutex);
    unlink(s_.place->token_sources, &token_state::next_of_module, s_);
  }
  module held;
  {
    const gated_lock lock(s_.tree->mutex);
    if (s_.container != nullptr) unlink(s_.container->parts, &token_state::next_part, s_);
    swap(held, s_.over);
    forget_holds_at(&s_); // the source and its tokens: none is given any more
    s_.done = true;
    s_.tree->finished.notify_all();
  }
  failure gone; // a container that was ended by force has no token to give back
  if (s_.container != nullptr) revoke_token(*s_.container, s_.container_token, gone);
}

// Waits for another thread's end of `s`; not for one that is under way below on this stack.
void await_end(token_state& s) noexcept {
  gated_lock lock(s.tree->mutex);
  while (!s.done && s.ender != sync::this_thread_id()) lock.wait(s.tree->finished);
}

// A part that is not on its way out on this very thread, with a share; or null.
token_state* some_part(token_state& s) noexcept {
  const gated_lock lock(s.tree->mutex);
  token_state* part = s.parts;
  while (part != nullptr && part->ender == sync::this_thread_id()) part = part->next_part;
  if (part != nullptr) share(part->owners);
  return part;
}

std::uint32_t outstanding(token_state& s) noexcept {
  const gated_lock lock(s.tree->mutex);
  return s.slots.used() - s.part_tokens;
}

// Ends the parts of a source that is ended by force, theirs first. How many tokens were out.
std::uint32_t end_parts(token_state& s, final_reason why) noexcept;

std::uint32_t end_by_force(token_state& s, final_reason why, bool with_hook) noexcept {
  if (!end_life(s.life)) {
    await_end(s);
    return 0;
  }
  ending end(s, {why, {}, ""});
  end.begin();
  const std::uint32_t out = end_parts(s, why) + outstanding(s);
  if (with_hook) end.tell();
  end.leave();
  return out;
}

std::uint32_t end_parts(token_state& s, final_reason why) noexcept {
  std::uint32_t out = 0;
  for (token_state* part = some_part(s); part != nullptr; part = some_part(s)) {
    out += end_by_force(*part, why, true);
    unshare_token_state(*part);
  }
  return out;
}

// --- one token ---

// What to say of a source that gives none.
void refuse(token_state& s, failure& why) noexcept {
  {
    const gated_lock lock(s.tree->mutex);
    why = s.tree->shut_down;
  }
  if (!why) set_failure(why, errc::lifetime_ended, "", "");
}

bool gives_tokens(const token_state& s) noexcept {
  const bool refused = (look(s.life) & (over_bit | shut_bit)) != 0;
  return !refused && (look(s.tree->root.life) & (over_bit | shut_bit)) == 0;
}

// In the list of whoever holds the module. Of a source over none there is nothing to tell.
void note_token(const token_state& s, std::uint64_t id, const code_location& where) noexcept {
  if (const module_record* const r = s.tree->root.place) note_hold({&s, id}, *r, holder_kind::token, &where);
}

// A place is taken before the count is raised: what can fail comes first, and a failure cannot be a last
// revocation. `part`: who takes it as its hold on its container; in the list in the same step, with the
// token, so that an end of `s` finds it and gives that back.
std::uint64_t take_token(token_state& s, const token_slot& slot, token_state* part, const code_location* taken) {
  const gated_lock lock(s.tree->mutex);
  const std::uint64_t id = s.slots.take();
  if (!gives_tokens(s) || !try_hold(s.life)) {
    s.slots.give_back(id);
    return 0;
  }
  s.slots.taken(id) = slot;
  s.slots.publish(id);
  if (taken != nullptr) note_token(s, id, *taken);
  if (part == nullptr) return id;
  ++s.part_tokens;
  part->container_token = id;
  part->next_part = std::exchange(s.parts, part);
  return id;
}

std::uint64_t take_token(token_state& s, const token_slot& slot, token_state* part, const code_location* taken,
                         failure& why) noexcept {
  try {
    const std::uint64_t id = take_token(s, slot, part, taken);
    if (id == 0) refuse(s, why);
    return id;
  } catch (const std::bad_alloc&) {
    set_failure(why, errc::out_of_memory, "", "");
    return 0;
  }
}

errc token_cause(key_answer answer) noexcept {
  return answer == key_answer::stale ? errc::token_already_revoked : errc::token_unknown;
}

bool strike_out(token_state& s, std::uint64_t id, token_slot& slot, failure& why) noexcept {
  key_answer answer;
  {
    const gated_lock lock(s.tree->mutex);
    if (s.slots.find(id, answer) != nullptr) {
      slot = s.slots.remove(id);
      s.part_tokens -= slot.is_part ? 1u : 0u;
      forget_hold({&s, id});
      return true;
    }
  }
  set_failure(why, token_cause(answer), "", answer == key_answer::null ? "it is empty" : "");
  return false;
}

// --- making a source ---

bool enter_list(token_state& s, record& over, failure& why) noexcept {
  module_record& r = full(over);
  const sync::scoped_lock lock(r.owner->mutex);
  if (r.shut_down) {
    why = r.shut_down;
    return false;
  }
  s.place = &r;
  take_reference(over); // the caller has one
  s.over = handle_access::adopt_reference(&over);
  s.next_of_module = std::exchange(r.token_sources, &s);
  return true;
}

bool enter_container(token_state& s, token_state& container, failure& why) noexcept {
  share(container.owners);
  share(container.tree->sources);
  s.container = &container;
  s.tree = container.tree;
  token_slot slot;
  slot.is_part = true;
  std::string_view("one of its parts").copy(slot.holder, token_slot::longest);
  return take_token(container, slot, &s, nullptr, why) != 0;
}

token_state* build(record* over, token_state* container, final_hook hook, failure& why) {
  auto* const s = new token_state;
  s->hook = hook;
  bool made = false;
  if (container != nullptr) {
    made = enter_container(*s, *container, why);
  } else if ((s->tree = new (std::nothrow) token_tree(*s)) == nullptr) {
    set_failure(why, errc::out_of_memory, "", "");
  } else {
    made = over == nullptr || enter_list(*s, *over, why);
  }
  if (made) return s;
  unshare_token_state(*s);
  return nullptr;
}

// A shutdown may have ended it already: then it holds nothing any more.
void note_source(token_state& s, const record& over, const code_location& taken) noexcept {
  const gated_lock lock(s.tree->mutex);
  if (s.over) note_hold({&s, 0}, over, holder_kind::token_source, &taken);
}

} // namespace

token_state* make_token_source(record* over, token_state* container, final_hook hook, const code_location* taken,
                               failure& why) noexcept {
  try {
    token_state* const made = build(over, container, hook, why);
    if (made != nullptr && over != nullptr && taken != nullptr) note_source(*made, *over, *taken);
    return made;
  } catch (const std::bad_alloc&) {
    set_failure(why, errc::out_of_memory, "", "");
    return nullptr;
  }
}

// The owner knows that it ends, and its context may be gone in a moment: its hook is not called.
void end_token_source(token_state& s) noexcept {
  static_cast<void>(end_by_force(s, final_reason::container_ended, false));
  unshare_token_state(s);
}

std::uint64_t acquire_token(token_state& s, const code_location& where, bool tracked, failure& why) noexcept {
  token_slot slot;
  note_place(slot, where);
  const std::uint64_t id = take_token(s, slot, nullptr, tracked ? &where : nullptr, why);
  if (id != 0) share(s.owners);
  return id;
}

bool revoke_token(token_state& s, std::uint64_t id, failure& why) noexcept {
  token_slot slot;
  if (!strike_out(s, id, slot, why)) return false;
  if (drop_hold(s.life)) {
    ending end(s, {final_reason::last_revoke, {id}, slot.holder});
    end.begin();
    end.tell();
    end.leave();
  } else if (has_ended(s)) { // by force: it is revoked, and had been for nothing
    refuse(s, why);
  }
  return !why;
}

bool token_is_good(token_state& s, std::uint64_t id, failure& why) noexcept {
  key_answer answer;
  {
    const gated_lock lock(s.tree->mutex);
    static_cast<void>(s.slots.find(id, answer));
    if (answer == key_answer::found) why = s.tree->shut_down;
  }
  if (answer != key_answer::found)
    set_failure(why, token_cause(answer), "", "");
  else if (!why && has_ended(s))
    set_failure(why, errc::lifetime_ended, "", "its container was destroyed");
  return !why;
}

std::uint32_t tokens_of(const token_state& s) noexcept { return count_of(look(s.life)); }
bool has_ended(const token_state& s) noexcept { return (read_published(s.life) & over_bit) != 0; }

// --- called by a shutdown ---

namespace {

// The first outermost source of a module with (or without) `flag`, with a share; or null.
token_state* some_source(module_record& r, word flag, bool set) noexcept {
  const sync::scoped_lock lock(r.owner->mutex);
  token_state* s = r.token_sources;
  while (s != nullptr && ((look(s->life) & flag) != 0) != set) s = s->next_of_module;
  if (s != nullptr) share(s->owners);
  return s;
}

void note_shutdown(token_state& s, const failure& note) noexcept {
  const gated_lock lock(s.tree->mutex);
  s.tree->shut_down = note;
}

} // namespace

void shut_token_sources(module_record& r, const failure& note) noexcept {
  while (token_state* const s = some_source(r, shut_bit, false)) {
    note_shutdown(*s, note);
    set_flags(s->life, shut_bit);
    unshare_token_state(*s);
  }
}

void reopen_token_sources(module_record& r) noexcept {
  while (token_state* const s = some_source(r, shut_bit, true)) {
    note_shutdown(*s, {});
    clear_flags(s->life, shut_bit);
    unshare_token_state(*s);
  }
}

std::uint32_t end_token_sources(module_record& r) noexcept {
  std::uint32_t out = 0;
  while (token_state* const s = some_source(r, over_bit, false)) {
    out += end_by_force(*s, final_reason::shut_down, true);
    unshare_token_state(*s);
  }
  return out;
}

} // namespace tenure::inline v1::detail
