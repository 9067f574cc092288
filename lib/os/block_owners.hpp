// Whose are the heap blocks that point into an image? Follows pointers backwards: to the image itself, or to
// anybody else.
#ifndef TENURE_LIB_OS_BLOCK_OWNERS_HPP
#define TENURE_LIB_OS_BLOCK_OWNERS_HPP

#include "handler_tables.hpp"

namespace tenure::inline v1::os {

class block_owners {
public:
  static constexpr std::size_t most_nodes =
      65536; // those asked about, and blocks on the ways that lead there
  static constexpr std::size_t most_edges = 262144;   // pointers from one of them to another
  static constexpr std::size_t most_holders = 131072; // words that point at one of them, in one pass
  // Each pass reads all memory once, and finds who points at what the pass before found. Most need three;
  // what a process has leaked is a long way back.
  static constexpr unsigned most_passes = 64;

  struct node {
    address_range block;
    bool foreign; // somebody beside the image points there, directly or through others
    bool own;     // the image does
    bool done;    // who points there is known
  };
  struct edge {
    std::uintptr_t from, to; // where the blocks begin
  };

  // What a search needs beside its own few words; too much for a stack.
  struct memory {
    node nodes[most_nodes];
    edge edges[most_edges];
    found_word holders[most_holders];
  };

  block_owners(memory& room, const module_traits& module) noexcept
      : room_(room)
      , module_(module) {}

  // Asks about one more block. pre: they come in ascending order, and before search().
  void add(address_range block) noexcept;
  [[nodiscard]] bool empty() const noexcept { return node_count_ == 0; }

  // Looks for whoever points at them. Where that is too much to follow, somebody does.
  void search(memory_scan& scan, glibc_heap& heap, const scan_limits& limits) noexcept;

  // What came out for the block that contains `address`; null if it was not asked about, for lack of room.
  [[nodiscard]] const node* find(std::uintptr_t address) const noexcept;

private:
  [[nodiscard]] node& at(std::uintptr_t address) noexcept { return room_.nodes[find(address) - room_.nodes]; }
  [[nodiscard]] bool has_open_one() const noexcept;
  void give_up() noexcept;
  bool collect(memory_scan& scan, const scan_limits& limits) noexcept;
  void follow(const found_word& holder, glibc_heap& heap) noexcept;
  bool add_edge(address_range from, const node& to) noexcept;
  void spread() noexcept;
  [[nodiscard]] bool is_free_list(const found_word& holder, const node& to) const noexcept;
  void sort() noexcept;

  memory& room_;
  const module_traits& module_;
  std::size_t node_count_ = 0, sorted_ = 0; // new nodes stand behind the sorted ones until the pass is over
  std::size_t edge_count_ = 0, holder_count_ = 0;
};

} // namespace tenure::inline v1::os

#endif
