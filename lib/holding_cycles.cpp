#include "holding_cycles.hpp"

#include "os/frame.hpp"
#include "registry.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <new>
#include <span>

namespace tenure::inline v1::detail {
namespace {

constexpr std::size_t most_modules = 8; // that are still held; of more than that nothing is said
constexpr unsigned most_searches = 48;  // of all memory
constexpr unsigned longest_way = 6;     // blocks from the handle to a module's data
constexpr std::size_t most_places = 16; // that point at one block
constexpr std::uintptr_t before =
    sizeof(std::uintptr_t); // a search does not tell who points at the first byte

using module_set = unsigned; // a bit for each

struct held_module {
  std::uintptr_t inverse; // of the record's address, or the search would find this
  std::uint64_t generation;
  std::uint32_t references;
  os::address_range image;
  std::string path;
  module_set holders = 0; // 0: others, or it cannot be told

  [[nodiscard]] module_record& record() const noexcept { return *reinterpret_cast<module_record*>(~inverse); }
};

class holder_search {
public:
  holder_search(registry& g, std::span<const held_module> modules, std::uintptr_t entry) noexcept
      : registry_(g)
      , modules_(modules)
      , entry_(entry) {}

  // Who has the handles of a module, if these are all that there are.
  module_set holders_of(const held_module& m) {
    const std::uintptr_t at = ~m.inverse;
    std::uint32_t handles = 0;
    const module_set holders =
        who_points_at({at - before, at + sizeof(module_record)}, longest_way, &handles);
    return handles == m.references ? holders : 0;
  }

private:
  // 0 if somebody else does, too. With `handles`: only at the very begin, which are counted. A block's last
  // word is also the begin of the next chunk, where the allocator's lists point, and what is left of them in
  // blocks that are used again.
  module_set who_points_at(os::address_range target, unsigned way, std::uint32_t* handles) {
    os::reference_place places[most_places];
    const std::size_t count = search(target, places);
    if (count > most_places) return 0;
    module_set all = 0;
    for (std::size_t i = 0; i != count; ++i) {
      if (handles != nullptr && (places[i].offset != before || is_ours(places[i].address))) continue;
      if (handles == nullptr && places[i].offset == target.size() - sizeof(std::uintptr_t))
        continue; // see below
      if (handles != nullptr) ++*handles;
      const module_set holders = whose_is(places[i], way);
      if (holders == 0) return 0;
      all |= holders;
    }
    return all;
  }

  module_set whose_is(const os::reference_place& place, unsigned way) {
    for (std::size_t i = 0; i != modules_.size(); ++i)
      if (modules_[i].image.contains(place.address)) return module_set{1} << i;
    if (place.kind != os::place_kind::heap || place.block.size() == 0 || way == 0) return 0;
    return who_points_at({place.block.begin - before, place.block.end}, way - 1, nullptr);
  }

  // More than there is room for if there is no answer.
  std::size_t search(os::address_range target, std::span<os::reference_place> out) noexcept {
    if (searches_++ == most_searches) return most_places + 1;
    os::mapped_image image;
    image.whole = target;
    const std::uintptr_t below = os::below_this_frame();
    const os::address_range not_these[] = {{below, std::max(below, entry_)}};
    const os::reference_search found = os::find_references(image, nothing_known_, out, not_these);
    return found.available ? found.count : most_places + 1;
  }

  // The library's own lists and tables, which hold nothing.
  [[nodiscard]] bool is_ours(std::uintptr_t address) const noexcept {
    const sync::scoped_lock lock(registry_.mutex);
    const auto lies_in = [address](const void* begin, std::size_t size) {
      return address - reinterpret_cast<std::uintptr_t>(begin) < size;
    };
    if (lies_in(&registry_, sizeof registry_)) return true;
    if (registry_.names.contains(address) || registry_.images.contains(address)) return true;
    for (const module_record* r = registry_.records; r != nullptr; r = r->next_record)
      if (lies_in(r, sizeof *r)) return true;
    return false;
  }

  registry& registry_;
  const std::span<const held_module> modules_;
  const std::uintptr_t entry_;
  const os::reference_baseline nothing_known_ = os::reference_baseline::nothing();
  unsigned searches_ = 0;
};

std::vector<held_module> list_held(registry& g) {
  std::vector<held_module> held;
  const sync::scoped_lock lock(g.mutex);
  for (const module_record* r = g.records; r != nullptr; r = r->next_record) {
    const std::uint32_t references = references_to(*r);
    if (r->state == phase::open && !r->is_static() && references != 0 && r->image.known())
      held.push_back(
          {~reinterpret_cast<std::uintptr_t>(r), r->generation, references, r->image.whole, r->path(), 0});
  }
  return held;
}

// Takes out who is held by one that is not known to be held by these alone.
void keep_closed_set(std::span<held_module> held) noexcept {
  module_set known = 0;
  for (std::size_t i = 0; i != held.size(); ++i) known |= held[i].holders != 0 ? module_set{1} << i : 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i != held.size(); ++i) {
      if ((held[i].holders & ~known) == 0) continue;
      held[i].holders = 0;
      known &= ~(module_set{1} << i);
      changed = true;
    }
  }
}

// All that keep a module, directly or through others.
module_set reach(std::span<const held_module> held, std::size_t from) noexcept {
  module_set all = held[from].holders;
  for (module_set before_this = 0; before_this != all;) {
    before_this = all;
    for (std::size_t i = 0; i != held.size(); ++i)
      if ((before_this & module_set{1} << i) != 0) all |= held[i].holders;
  }
  return all;
}

std::string names_of(std::span<const held_module> held, module_set which) {
  std::string names;
  for (std::size_t i = 0; i != held.size(); ++i) {
    if ((which & module_set{1} << i) == 0) continue;
    which &= ~(module_set{1} << i);
    if (!names.empty()) names += which == 0 ? " and " : ", ";
    names += held[i].path;
  }
  return names;
}

constexpr const char* cure =
    "; let one keep a weak_module instead, or give it a function that drops its handle, and call that "
    "before the final close";

std::string describe(std::span<const held_module> held, std::size_t i) {
  const module_set itself = module_set{1} << i;
  const module_set all = reach(held, i);
  if (all == itself)
    return fmt::format("it holds itself: each reference to it lies in its own memory{}", cure);
  module_set circle = 0;
  for (std::size_t other = 0; other != held.size(); ++other)
    if ((all & module_set{1} << other) != 0 && (reach(held, other) & module_set{1} << other) != 0)
      circle |= module_set{1} << other;
  const bool in_it = (circle & itself) != 0;
  return fmt::format("{} hold each other: each reference to {} lies in memory of {}{}",
                     names_of(held, circle), in_it ? "this one" : "this one, which they need,",
                     names_of(held, held[i].holders), cure);
}

void note(registry& g, std::span<const held_module> held) {
  for (std::size_t i = 0; i != held.size(); ++i) {
    std::string words = held[i].holders != 0 ? describe(held, i) : std::string();
    module_record& r = held[i].record();
    const sync::scoped_lock lock(g.mutex);
    if (r.generation != held[i].generation) continue;
    r.cycle = std::move(words);
    r.cycle_references = held[i].references;
  }
}

} // namespace

bool find_holding_cycles(registry& g, std::uintptr_t entry) noexcept {
  if (!os::memory_is_searched()) return false;
  try {
    std::vector<held_module> held = list_held(g);
    if (held.empty() || held.size() > most_modules) return false;
    holder_search search(g, held, entry);
    for (held_module& m : held) m.holders = search.holders_of(m);
    keep_closed_set(held);
    note(g, held);
    return std::any_of(held.begin(), held.end(), [](const held_module& m) { return m.holders != 0; });
  } catch (const std::bad_alloc&) {
    return false; // that they are held is told all the same
  }
}

void forget_holding_cycles(registry& g) noexcept {
  const sync::scoped_lock lock(g.mutex);
  for (module_record* r = g.records; r != nullptr; r = r->next_record) r->cycle.clear();
}

} // namespace tenure::inline v1::detail
