// Which record is meant: by a name under which it was opened, by a file, by the system's handle.
#include "hash.hpp"
#include "registry.hpp"

#include <cstring>
#include <new>

namespace tenure::inline v1::detail {

name_node* name_node::make(std::string_view text) {
  void* const place = ::operator new(sizeof(name_node) + text.size() + 1);
  auto* const node = ::new (place) name_node{nullptr, hash_bytes(text), text.size()};
  char* const characters = static_cast<char*>(place) + sizeof(name_node);
  std::memcpy(characters, text.data(), text.size());
  characters[text.size()] = '\0';
  return node;
}

void name_node::free(name_node* n) noexcept {
  if (unshare(n->owners)) ::operator delete(n);
}

namespace {
// Of one module: an open by yet another spelling looks for the file each time.
constexpr unsigned names_remembered = 64;
} // namespace

void registry::add_name_locked(module_record& r, std::string_view text) {
  const std::uint64_t hash = hash_bytes(text);
  const auto is_named = [&](const module_record& each) { return each.named(text) && !each.is_static(); };
  while (module_record* const known = names.find(hash, is_named)) {
    if (known == &r) return;
    names.erase(hash, *known); // it meant that one before
  }
  const name_node* node = r.find_name(hash, text);
  names.reserve(1);
  if (node == nullptr) {
    unsigned known = 0;
    name_node** end = &r.names;
    for (; *end != nullptr; ++known) end = &(*end)->next;
    if (known == names_remembered) return;
    name_node* const added = name_node::make(text);
    publish_value(*end, added);
    node = added;
  }
  names.insert(node->hash, r);
}

// Its names may mean another file now: whoever opens by one of them is to look.
void registry::supersede_locked(module_record& r) noexcept {
  idle_access::note_superseded(r, true);
  for (const name_node* n = r.names; n != nullptr; n = n->next) names.erase(n->hash, r);
}

void registry::drop_names_locked(module_record& r) noexcept {
  while (r.names != nullptr) {
    name_node* const node = r.names;
    publish_value(r.names, node->next);
    names.erase(node->hash, r);
    name_node::free(node);
  }
}

namespace {

// Who looks for a file takes what is open before what comes, what comes before what goes, and that, which may
// yet be put back, before what lingers.
int standing(phase state) noexcept {
  switch (state) {
  case phase::open:
    return 4;
  case phase::loading:
    return 3;
  case phase::closing:
    return 2;
  case phase::lingering:
    return 1;
  case phase::absent:
    break;
  }
  return 0;
}

} // namespace

// A private copy that lingers is another image, which no open gives back: it stays in the reports.
module_record* registry::find_file_locked(const os::file_identity& file) noexcept {
  if (file == os::file_identity{}) return nullptr; // deleted: known by its handle alone
  module_record* best = nullptr;
  int highest = standing(phase::absent);
  images.find(hash_file(file), [&](module_record& r) {
    if (!(r.file == file) || standing(r.state) <= highest) return false;
    if (r.copied && r.state == phase::lingering) return false;
    best = &r;
    highest = standing(r.state);
    return false;
  });
  return best;
}

// The handle alone does not tell: a module that another thread has just closed, or one that lingered and went
// by itself, still has its record, and the system may have given its handle to another module since.
module_record* registry::find_image_locked(void* handle, const std::string& loaded_as,
                                           const module_record* except) noexcept {
  return images.find(hash_handle(handle), [&](const module_record& r) {
    return r.handle == handle && r.loaded_as == loaded_as && &r != except;
  });
}

// What was loaded from another file of this path. A loader that goes by the file itself (musl) never gives it
// again, so nobody else notes it.
void registry::supersede_locked(std::string_view path, const os::file_identity& now_there) noexcept {
  const auto is_old = [&](const module_record& r) {
    return r.named(path) && !r.is_static() && !(r.file == now_there);
  };
  while (module_record* const old = names.find(hash_bytes(path), is_old)) supersede_locked(*old);
}

} // namespace tenure::inline v1::detail
