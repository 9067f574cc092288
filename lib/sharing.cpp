// The open that most opens are: of a module that is in use. No lock, no memory, no waiting for those who load
// or close.
#include "hash.hpp"
#include "opening.hpp"
#include "registry.hpp"
#include "stripes.hpp"

#include <new>
#include <utility>

namespace tenure::inline v1::detail {
namespace {

// A file may be replaced while its module is in use. To look at it costs a hundred times what the fast path
// costs, so only some of the opens do: those that an edit and a reload would make, and of the thousands that
// follow a few.
constexpr std::uint32_t opens_that_look = 64;
constexpr std::uint32_t opens_between_looks = 4096;

constexpr bool looks_again(std::uint32_t opens) noexcept {
  return opens < opens_that_look || opens % opens_between_looks == 0;
}

// Pre: a reference is held. A name that is decorated is that of no file: then the path is looked at.
bool file_was_replaced(const module_record& r, const name_node& name) noexcept {
  if (r.is_static()) return false;
  try {
    if (os::has_folder(name.view()) && os::was_replaced(name.text(), r.file)) return true;
    return &name != read_published(r.names) && os::was_replaced(r.path(), r.file);
  } catch (const std::bad_alloc&) {
    return false; // the next look will tell
  }
}

// Pre: a reference to `r` is held. True if it may be given out: known by that name, and its file, if it is
// due to be looked at, is the same. Else the reference is given back.
bool keep_after_look(module_record& r, std::uint64_t hash, std::string_view name,
                     std::uint32_t opens) noexcept {
  const name_node* const known_as = r.find_name(hash, name);
  if (known_as != nullptr && !(looks_again(opens) && file_was_replaced(r, *known_as))) return true;
  drop_reference(r);
  return false;
}

// A reference, counted as an open; `opens`: how many there were before. False if there is none without the
// mutex.
bool share_open(module_record& r, std::uint32_t& opens) noexcept {
  if (!try_share_striped(r)) return try_share(r.refs, opens);
  opens = count_open(r.stripe);
  return true;
}
// The same without a call: not by a thread that has no counters yet, nor of a module that is closed to them.
[[gnu::always_inline]] inline bool share_open_at_once(module_record& r, std::uint32_t& opens) noexcept {
  if (r.stripe == 0) return try_share(r.refs, opens);
  stripe_count* const own = own_stripes;
  if (own == nullptr || !try_share_in(own[r.stripe], r.refs)) return false;
  opens = own[r.stripe].opens++;
  return true;
}

// Pre: the path is of bytes.
std::string_view bytes_of(path_view path) noexcept {
  return {static_cast<const char*>(path.data()), path.size()};
}

// All that share_or_open did not try. `found`: null, or what stands first under the name's hash, and a
// reference to it is held.
template <class Slowly>
[[gnu::noinline]] record* look_closer(registry& g, path_view path, const open_options& options,
                                      module_record* found, std::uint32_t opens, Slowly open) {
  const std::string_view name = bytes_of(path);
  const std::uint64_t hash = hash_bytes(name);
  if (found != nullptr && keep_after_look(*found, hash, name, opens)) return found;
  module_record* const other = g.names.find(hash, [&](module_record& r) {
    return &r != found && share_open(r, opens) && keep_after_look(r, hash, name, opens);
  });
  return other != nullptr ? other : open(g, path, options);
}

// A module that is in use, by a name under which it was opened before. Allocates nothing, takes no lock. An
// idle module goes the long way, where its file is looked at again. What else there is to do is done by calls
// in the last place: the fast path then has no register to save.
template <class Slowly>
[[gnu::always_inline]] inline record* share_or_open(registry& g, path_view path, const open_options& options,
                                                    Slowly open) {
  if (path.width() != 1) return open(g, path, options);
  const std::string_view name = bytes_of(path);
  std::uint32_t opens = 0;
  module_record* r = g.names.first(hash_bytes(name));
  if (r != nullptr && !share_open_at_once(*r, opens)) r = nullptr;
  if (r != nullptr) {
    const name_node& known = *read_published(r->names); // what is open has a name, most often one
    const bool same = known.size == name.size() && equal_bytes(known.text(), name.data(), name.size());
    if (same && !looks_again(opens)) return r;
  }
  return look_closer(g, path, options, r, opens, open);
}

struct slowly_or_raise {
  [[gnu::noinline]] record* operator()(registry& g, path_view path, const open_options& options) const {
    failure why;
    record* const r = open_slowly(g, path, options, why);
    if (r == nullptr) raise(std::move(why));
    return r;
  }
};
struct slowly {
  failure& why;
  record* operator()(registry& g, path_view path, const open_options& options) const noexcept {
    return open_slowly(g, path, options, why);
  }
};

} // namespace

record* open_or_raise(registry& g, path_view path, const open_options& options) {
  return share_or_open(g, path, options, slowly_or_raise{});
}

record* open_module(registry& g, path_view path, const open_options& options, failure& why) noexcept {
  return share_or_open(g, path, options, slowly{why});
}

} // namespace tenure::inline v1::detail
