// The open that most opens are: of a module that is in use. No lock, no memory, no waiting for those who load
// or close.
#include "hash.hpp"
#include "registry.hpp"

#include <new>

namespace tenure::inline v1::detail {
namespace {

// A file may be replaced while its module is in use. To look at it costs a hundred times what the fast path
// costs, so only some of the opens do: those that an edit and a reload would make, and of the thousands that
// follow a few.
constexpr std::uint32_t opens_that_look = 64;
constexpr std::uint32_t opens_between_looks = 1024;

constexpr bool looks_again(std::uint32_t opens) noexcept {
  return opens < opens_that_look || opens % opens_between_looks == 0;
}

// Pre: a reference is held. A file that cannot be found is not a new one.
bool file_was_replaced(const module_record& r, const name_node& name) noexcept {
  if (r.is_static()) return false;
  try {
    os::file_identity now;
    os::fault ignored;
    const std::string path(os::has_folder(name.view()) ? name.text() : r.path());
    return os::identify(path, now, ignored) && !(now == r.file);
  } catch (const std::bad_alloc&) {
    return false; // no memory for the words of an error: the next look will tell
  }
}

// True if `r` may be given out: known by that name, and its file, if it is due to be looked at, is the same.
// Else the reference is given back. Apart from the fast path, which is to have few registers to save.
[[gnu::noinline]] bool keep_after_look(module_record& r, std::uint64_t hash, std::string_view name,
                                       bool look) noexcept {
  const name_node* const known_as = r.find_name(hash, name);
  if (known_as != nullptr && !(look && file_was_replaced(r, *known_as))) return true;
  drop_reference(r);
  return false;
}

} // namespace

// The fast path: a module that is in use, by a name under which it was opened before. Allocates nothing,
// takes no lock. An idle module goes the long way, where its file is looked at again.
record* share_active(registry& g, path_view path) noexcept {
  if (path.width() != 1) return nullptr;
  const std::string_view name(static_cast<const char*>(path.data()), path.size());
  const std::uint64_t hash = hash_bytes(name);
  return g.known.find(hash, [&](module_record& r) {
    std::uint32_t opens = 0;
    const bool in_stripe = g.stripes && share_in_stripe(r.refs, r.stripe, opens);
    if (!in_stripe && !try_share(r.refs, opens)) return false;
    const name_node* const n = read_published(r.names); // most often the only one
    const bool known = n != nullptr && n->hash == hash && n->size == name.size() &&
                       equal_bytes(n->text(), name.data(), name.size());
    const bool look = looks_again(opens);
    return (known && !look) || keep_after_look(r, hash, name, look);
  });
}

} // namespace tenure::inline v1::detail
