// Who holds, by the holder's address, in builds with TENURE_TRACK_HOLDERS: a table for the whole process,
// since a handle knows nothing but its module and may be moved. Empty, and not even made, where no code was
// built so.
//
// Lock order. The table's locks are leaves. They are not taken with a registry's mutex held: a fork passes
// the gate before it takes those (gated_lock.hpp).
#ifndef TENURE_LIB_HOLDER_NOTES_HPP
#define TENURE_LIB_HOLDER_NOTES_HPP

#include <tenure/detail/record.hpp>
#include <tenure/holder.hpp>

#include <forward_list>
#include <string>
#include <vector>

namespace tenure::inline v1::detail {

// Of one thing that holds. `number` tells apart what has one address: the tokens of a source; a handle's is
// 0.
struct holder_key {
  const void* at;
  std::uint64_t number = 0;
  friend bool operator==(const holder_key&, const holder_key&) = default;
};

// In one piece of memory with its texts, which may be those of an image that goes before the holder does.
struct holder_note {
  holder_note* next; // of its bucket
  holder_key key;
  const record* held;
  std::uint64_t generation; // of `held` when it was taken: constant while it is held
  time_point since;
  std::uint64_t thread;
  std::uint32_t line;
  std::uint32_t count;
  std::uint32_t file; // where the three texts begin behind this object, each with a NUL
  std::uint32_t function;
  std::uint32_t name;
  holder_kind kind;
  [[nodiscard]] const char* texts() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  [[nodiscard]] char* texts() noexcept { return reinterpret_cast<char*>(this + 1); }
};

struct holder_data {
  std::vector<holder> holders;
  std::forward_list<std::string> texts;
  std::uint32_t unlisted = 0;
  bool complete = true;
};

// True once anybody has noted a holder. What the library itself holds for others is noted from then on, or
// where the caller says that it tracks.
[[nodiscard]] bool holders_are_tracked() noexcept;

// The same key again counts one hold more, if its number is not 0. Pre: the caller has the hold; no
// registry's mutex is held, here and below. `taken`: null where no place is known.
void note_hold(const holder_key& key, const record& held, holder_kind kind, const code_location* taken,
               const char* name = "") noexcept;
// One hold less; nothing if it was never noted.
void forget_hold(const holder_key& key) noexcept;
// Whatever has this address.
void forget_holds_at(const void* at) noexcept;

// Appends those who hold the module that `held` was at `generation`. `held` is compared and not looked into.
void collect_holders(const record& held, std::uint64_t generation, holder_data& out) noexcept;

// True for what counts as a reference.
[[nodiscard]] constexpr bool is_reference(holder_kind kind) noexcept { return kind < holder_kind::token; }

} // namespace tenure::inline v1::detail

#endif
