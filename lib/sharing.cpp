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

// Pre: a reference is held.
bool file_was_replaced(const module_record& r, const name_node& name) noexcept {
  if (r.is_static()) return false;
  try {
    return os::was_replaced(os::has_folder(name.view()) ? name.text() : r.path(), r.file);
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

// The one that was found by its hash, or one that is found behind it. Apart from the fast path, which then
// has few registers to save.
template <class Share>
[[gnu::noinline]] record* look_closer(const registry& g, module_record& found, std::uint64_t hash,
                                      std::string_view name, std::uint32_t opens) noexcept {
  if (keep_after_look(found, hash, name, opens)) return &found;
  return g.names.find(hash, [&](module_record& r) {
    return &r != &found && Share{}(r, opens) && keep_after_look(r, hash, name, opens);
  });
}

template <class Share>
[[gnu::always_inline]] inline record* share_by_name(const registry& g, std::string_view name) noexcept {
  const std::uint64_t hash = hash_bytes(name);
  std::uint32_t opens = 0;
  module_record* const r = g.names.find(hash, [&](module_record& one) { return Share{}(one, opens); });
  if (r == nullptr) return nullptr;
  const name_node& first = *read_published(r->names); // what is open has a name, most often one
  const bool known = first.size == name.size() && equal_bytes(first.text(), name.data(), name.size());
  return known && !looks_again(opens) ? r : look_closer<Share>(g, *r, hash, name, opens);
}

struct by_word {
  bool operator()(module_record& r, std::uint32_t& opens) const noexcept { return try_share(r.refs, opens); }
};
struct by_stripe {
  bool operator()(module_record& r, std::uint32_t& opens) const noexcept {
    if (!try_share_striped(r)) return try_share(r.refs, opens);
    opens = count_open(r.stripe);
    return true;
  }
};
[[gnu::noinline]] record* share_striped(const registry& g, std::string_view name) noexcept {
  return share_by_name<by_stripe>(g, name);
}

// A module that is in use, by a name under which it was opened before. Allocates nothing, takes no lock. An
// idle module goes the long way, where its file is looked at again.
[[gnu::always_inline]] inline record* find_and_share(const registry& g, path_view path) noexcept {
  if (path.width() != 1) return nullptr;
  const std::string_view name(static_cast<const char*>(path.data()), path.size());
  return g.stripes ? share_striped(g, name) : share_by_name<by_word>(g, name);
}

[[gnu::noinline]] record* open_slowly_or_raise(registry& g, path_view path, const open_options& options) {
  failure why;
  record* const r = open_slowly(g, path, options, why);
  if (r == nullptr) raise(std::move(why));
  return r;
}

} // namespace

record* open_or_raise(registry& g, path_view path, const open_options& options) {
  record* const r = find_and_share(g, path);
  return r != nullptr ? r : open_slowly_or_raise(g, path, options);
}

record* open_module(registry& g, path_view path, const open_options& options, failure& why) noexcept {
  record* const r = find_and_share(g, path);
  return r != nullptr ? r : open_slowly(g, path, options, why);
}

} // namespace tenure::inline v1::detail
