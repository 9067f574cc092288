#include "block_owners.hpp"

#include <algorithm>

namespace tenure::inline v1::os {

namespace {
constexpr std::size_t word = sizeof(std::uintptr_t);
}

void block_owners::add(address_range block) noexcept {
  const bool known = node_count_ != 0 && room_.nodes[node_count_ - 1].block.begin == block.begin;
  if (!known && node_count_ != most_nodes) room_.nodes[node_count_++] = {block, false, false, false};
}

void block_owners::search(memory_scan& scan, glibc_heap& heap, const scan_limits& limits) noexcept {
  sort();
  for (unsigned pass = 0; has_open_one(); ++pass) {
    if (pass == most_passes || !collect(scan, limits)) return give_up();
    heap.explain({room_.holders, holder_count_});
    for (std::size_t i = 0; i != sorted_; ++i) room_.nodes[i].done = true;
    for (std::size_t i = 0; i != holder_count_; ++i) follow(room_.holders[i], heap);
    sort();
    spread();
  }
}

// One that is known to be foreign needs no further look.
bool block_owners::has_open_one() const noexcept {
  return std::any_of(room_.nodes, room_.nodes + sorted_, [](const node& n) { return !n.done && !n.foreign; });
}

void block_owners::give_up() noexcept {
  for (std::size_t i = 0; i != sorted_; ++i) room_.nodes[i].foreign |= !room_.nodes[i].done;
  spread();
}

// Each block once: several words of one pass may have led to it.
void block_owners::sort() noexcept {
  node* const begin = room_.nodes;
  node* const end = begin + node_count_;
  std::sort(begin, end, [](const node& a, const node& b) {
    return a.block.begin != b.block.begin ? a.block.begin < b.block.begin
                                          : a.done > b.done; // the one that is known
  });
  const node* const last =
      std::unique(begin, end, [](const node& a, const node& b) { return a.block.begin == b.block.begin; });
  node_count_ = sorted_ = static_cast<std::size_t>(last - begin);
}

const block_owners::node* block_owners::find(std::uintptr_t address) const noexcept {
  const node* const end = room_.nodes + sorted_;
  const node* const after =
      std::upper_bound(static_cast<const node*>(room_.nodes), end, address,
                       [](std::uintptr_t a, const node& n) { return a < n.block.begin; });
  return after != room_.nodes && after[-1].block.contains(address) ? after - 1 : nullptr;
}

// All words that point at a block of which that is not known yet. False if there are too many.
bool block_owners::collect(memory_scan& scan, const scan_limits& limits) noexcept {
  const address_range around{room_.nodes[0].block.begin, room_.nodes[sorted_ - 1].block.end};
  holder_count_ = 0;
  bool room = true;
  const bool listed = scan.run(word_filter(around, {}), limits, [&](const scanned_word& w) {
    const node* const to = find(w.value);
    if (to == nullptr || to->done || to->foreign || to->block.contains(w.at)) return;
    room &= holder_count_ != most_holders;
    if (room) room_.holders[holder_count_++] = {w.at, w.value};
  });
  return listed && room;
}

// The heads of free lists point at a free chunk's header, which begins with the last word of the block
// before: that word of a block is reached by nobody else there.
bool block_owners::is_free_list(const found_word& holder, const node& to) const noexcept {
  const bool allocators =
      module_.c_library.contains(holder.at) || (holder.in_heap && holder.block.size() == 0);
  return allocators && holder.value == to.block.end - word;
}

void block_owners::follow(const found_word& holder, glibc_heap& heap) noexcept {
  node& to = at(holder.value);
  if (holder.freed || is_free_list(holder, to)) return;
  if (module_.image.contains(holder.at) || heap.is_thread_storage(holder, to.block, module_.tls_index))
    to.own = true;
  else if (holder.block.size() == 0 || !add_edge(holder.block, to))
    to.foreign = true;
}

// False if there is no room.
bool block_owners::add_edge(address_range from, const node& to) noexcept {
  if (edge_count_ == most_edges) return false;
  if (find(from.begin) == nullptr) {
    if (node_count_ == most_nodes) return false;
    room_.nodes[node_count_++] = {from, false, false, false};
  }
  room_.edges[edge_count_++] = {from.begin, to.block.begin};
  return true;
}

// Along the pointers, until nothing changes.
void block_owners::spread() noexcept {
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i != edge_count_; ++i) {
      const node& from = at(room_.edges[i].from);
      node& to = at(room_.edges[i].to);
      changed |= (from.foreign && !to.foreign) || (from.own && !to.own);
      to.foreign |= from.foreign;
      to.own |= from.own;
    }
  }
}

} // namespace tenure::inline v1::os
