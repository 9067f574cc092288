#include "holder_notes.hpp"

#include "gated_lock.hpp"
#include "holder_table.hpp"
#include "os/os.hpp"

#include <tenure/detail/tracking.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <new>
#include <string_view>
#include <utility>

namespace tenure::inline v1 {
namespace detail {
namespace {

// Made by the first who tracks, in memory that is never given back: static objects may hold modules to the
// end.
holder_table& make_table() noexcept {
  alignas(holder_table) static unsigned char place[sizeof(holder_table)];
  static holder_table* const made = [] {
    heed_forks();
    return ::new (static_cast<void*>(place)) holder_table;
  }();
  publish_value(the_holder_table, made);
  return *made;
}

// A glance is enough where nobody tracks, and then costs no more than that.
holder_table* known_table() noexcept {
  return glance(the_holder_table) != nullptr ? read_published(the_holder_table) : nullptr;
}

holder_table& table() noexcept {
  holder_table* const known = known_table();
  return known != nullptr ? *known : make_table();
}

// Both at once, in the order of their addresses.
class two_locks {
public:
  two_locks(holder_shard& a, holder_shard& b)
      : first_(std::less<>()(&a, &b) ? a : b)
      , second_(&a != &b ? (&first_ == &a ? &b : &a) : nullptr) {
    first_.mutex.lock();
    if (second_ != nullptr) second_->mutex.lock();
  }
  two_locks(const two_locks&) = delete;
  two_locks& operator=(const two_locks&) = delete;
  ~two_locks() {
    if (second_ != nullptr) second_->mutex.unlock();
    first_.mutex.unlock();
  }

private:
  os::fork_gate no_fork_meanwhile_; // before the mutexes
  holder_shard& first_;
  holder_shard* second_;
};

// All, in the same order: nobody is listed twice, or missed, while he moves.
class all_locks {
public:
  explicit all_locks(holder_table& all)
      : all_(all) {
    for (holder_shard& shard : all_.shards) shard.mutex.lock();
  }
  all_locks(const all_locks&) = delete;
  all_locks& operator=(const all_locks&) = delete;
  ~all_locks() {
    for (holder_shard& shard : all_.shards) shard.mutex.unlock();
  }

private:
  os::fork_gate no_fork_meanwhile_; // before the mutexes
  holder_table& all_;
};

void free_note(holder_note* n) noexcept { ::operator delete(n); }

holder_note* make_note(const holder_key& key, const record& held, holder_kind kind,
                       const code_location& taken, const char* name) noexcept {
  const std::string_view texts[] = {taken.file, taken.function, name};
  const std::size_t size = texts[0].size() + texts[1].size() + texts[2].size() + 3;
  void* const place = ::operator new(sizeof(holder_note) + size, std::nothrow);
  if (place == nullptr) return nullptr;
  auto* const n = ::new (place) holder_note{};
  n->key = key;
  n->held = &held;
  n->generation = held.generation;
  n->since = os::now();
  n->thread = os::this_thread_number();
  n->line = taken.line;
  n->count = 1;
  n->kind = kind;
  std::uint32_t* const begins[] = {&n->file, &n->function, &n->name};
  std::uint32_t at = 0;
  for (std::size_t i = 0; i != 3; ++i) {
    *begins[i] = at;
    at += static_cast<std::uint32_t>(texts[i].copy(n->texts() + at, texts[i].size()));
    n->texts()[at++] = '\0';
  }
  return n;
}

// Puts a note under another address; what is noted there is forgotten.
void put(holder_shard& shard, holder_note* n, const void* at) noexcept {
  if (n == nullptr) return;
  n->key = {at};
  free_note(shard.take(n->key));
  shard.insert(*n);
}

} // namespace

bool holders_are_tracked() noexcept { return known_table() != nullptr; }

void note_hold(const holder_key& key, const record& held, holder_kind kind, const code_location* taken,
               const char* name) noexcept {
  if (taken == nullptr && !holders_are_tracked()) return;
  holder_note* const n = make_note(key, held, kind, taken != nullptr ? *taken : code_location(), name);
  holder_shard& shard = table().of(key.at);
  const gated_lock lock(shard.mutex);
  if (n == nullptr) {
    ++shard.lost;
    return;
  }
  holder_note* const before = shard.find(key);
  if (before != nullptr && key.number != 0 && before->held == n->held &&
      before->generation == n->generation) {
    ++before->count;
    free_note(n);
    return;
  }
  free_note(shard.take(key)); // of a handle whose end was not told: a file without tracking destroyed it
  shard.insert(*n);
}

void forget_hold(const holder_key& key) noexcept {
  holder_table* const known = known_table();
  if (known == nullptr) return;
  holder_shard& shard = known->of(key.at);
  holder_note* gone = nullptr;
  {
    const gated_lock lock(shard.mutex);
    holder_note* const n = shard.find(key);
    if (n != nullptr && --n->count == 0) gone = shard.take(key);
  }
  free_note(gone);
}

void forget_holds_at(const void* at) noexcept {
  holder_table* const known = known_table();
  if (known == nullptr) return;
  holder_shard& shard = known->of(at);
  const gated_lock lock(shard.mutex);
  for (std::size_t i = 0; i != shard.size; ++i)
    for (holder_note** place = &shard.buckets[i]; *place != nullptr;) {
      holder_note* const n = *place;
      if (n->key.at != at) {
        place = &n->next;
        continue;
      }
      *place = n->next;
      --shard.used;
      free_note(n);
    }
}

// --- called by handles ---

void note_holder(const void* at, const record& r, holder_kind kind, const code_location& taken) noexcept {
  note_hold({at}, r, kind, &taken);
}

void relabel_holder(const void* at, holder_kind kind) noexcept {
  holder_shard& shard = table().of(at);
  const gated_lock lock(shard.mutex);
  if (holder_note* const n = shard.find({at})) n->kind = kind;
}

void forget_holder(const void* at) noexcept { forget_hold({at}); }

void move_holder(const void* to, const void* from) noexcept {
  holder_table& all = table();
  holder_shard& there = all.of(to);
  holder_shard& here = all.of(from);
  const two_locks lock(there, here);
  put(there, here.take({from}), to);
}

void swap_holders(const void* a, const void* b) noexcept {
  holder_table& all = table();
  holder_shard& first = all.of(a);
  holder_shard& second = all.of(b);
  const two_locks lock(first, second);
  holder_note* const of_a = first.take({a});
  holder_note* const of_b = second.take({b});
  put(second, of_a, b);
  put(first, of_b, a);
}

// --- lists ---

namespace {

const char* copy_text(holder_data& out, const char* text) {
  return *text != '\0' ? out.texts.emplace_front(text).c_str() : "";
}

// "lock by shell (2), 0.250 s, thread 4711, main (host.cpp:42)"
std::string in_words(const holder& h) {
  std::string text = to_string(h.kind);
  if (*h.name != '\0') text += fmt::format(" by {}", h.name);
  if (h.count != 1) text += fmt::format(" ({})", h.count);
  text += fmt::format(", {:.3f} s, thread {}", static_cast<double>(h.age.nanoseconds) / 1e9, h.thread);
  if (*h.taken.function != '\0') text += fmt::format(", {}", h.taken.function);
  if (*h.taken.file == '\0') return text;
  const std::string_view file = h.taken.file;
  const std::size_t folder = file.find_last_of("/\\");
  const std::string_view name = folder == std::string_view::npos ? file : file.substr(folder + 1);
  return text + fmt::format(" ({}:{})", name, h.taken.line);
}

// May throw std::bad_alloc.
void describe(const holder_note& n, time_point now, holder_data& out) {
  const char* const texts = n.texts();
  holder h;
  h.kind = n.kind;
  h.name = copy_text(out, texts + n.name);
  h.taken = {copy_text(out, texts + n.file), copy_text(out, texts + n.function), n.line};
  h.age = now - n.since;
  h.thread = n.thread;
  h.count = n.count;
  h.text = out.texts.emplace_front(in_words(h)).c_str();
  out.holders.push_back(h);
}

// With the shard's mutex held.
void collect_from(const holder_shard& shard, const record& held, std::uint64_t generation, time_point now,
                  holder_data& out) {
  out.complete = out.complete && shard.lost == 0;
  for (std::size_t i = 0; i != shard.size; ++i)
    for (const holder_note* n = shard.buckets[i]; n != nullptr; n = n->next)
      if (n->held == &held && n->generation == generation) describe(*n, now, out);
}

} // namespace

void collect_holders(const record& held, std::uint64_t generation, holder_data& out) noexcept {
  holder_table* const known = known_table();
  if (known == nullptr) return;
  const time_point now = os::now();
  try {
    const all_locks lock(*known);
    for (const holder_shard& shard : known->shards) collect_from(shard, held, generation, now, out);
  } catch (const std::bad_alloc&) {
    out.complete = false;
  }
  std::stable_sort(out.holders.begin(), out.holders.end(),
                   [](const holder& a, const holder& b) { return b.age < a.age; });
}

} // namespace detail

const char* to_string(holder_kind kind) noexcept {
  constexpr const char* names[] = {
      "handle",     "symbol",       "api",          "instance",     "guard",        "call",
      "controller", "keyed_object", "class_object", "registration", "token_source", "thread",
      "dependency", "exception",    "own_code",     "token",        "pin",          "lock"};
  return names[static_cast<std::size_t>(kind)];
}

const holder* holder_list::begin() const noexcept {
  return data_ ? data_->holders.data() : nullptr;
}
const holder* holder_list::end() const noexcept {
  return data_ ? data_->holders.data() + data_->holders.size() : nullptr;
}
std::uint32_t holder_list::unlisted() const noexcept { return data_ ? data_->unlisted : 0; }
bool holder_list::complete() const noexcept { return data_ && data_->complete; }
void detail::free_holders(holder_data* data) noexcept { delete data; }

} // namespace tenure::inline v1
