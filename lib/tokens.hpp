// Token sources, as the library sees them. A container, its parts and theirs are one tree with one lock.
//
// Lock order. A tree's mutex is a leaf, as the registry's is, and neither is taken with the other held.
//   OK     tree's mutex -> table of holders
//   ERROR  tree's mutex -> registry's mutex, hook, module code; and the other way round
#ifndef TENURE_LIB_TOKENS_HPP
#define TENURE_LIB_TOKENS_HPP

#include "record.hpp"
#include "slots.hpp"
#include "sync.hpp"

#include <tenure/token.hpp>

namespace tenure::inline v1::detail {

struct token_slot {
  static constexpr std::size_t longest = 47; // bytes: enough for a file's name and a line
  char holder[longest + 1] = {};
  bool is_part = false; // of a part on its container
};

struct token_tree {
  explicit token_tree(token_state& outermost) noexcept;
  token_tree(const token_tree&) = delete;
  token_tree& operator=(const token_tree&) = delete;
  ~token_tree() = default;

  token_state& root;
  std::uint32_t sources = 1; // see share: that are not freed
  sync::mutex mutex;
  sync::condition finished; // some source's end is done
  failure shut_down;        // who, when and where; with the mutex held
};

// Fields without a remark: with the tree's mutex held.
struct token_state {
  word life = 0;                     // see count.hpp; also without the mutex
  std::uint32_t owners = 1;          // see share: the source, its tokens, its parts, who ends it
  token_tree* tree = nullptr;        // constant, as the next three
  token_state* container = nullptr;  // with a share of it
  std::uint64_t container_token = 0; // the one token on it
  final_hook hook;
  module over;                           // the module that an outermost source holds; dropped at its end
  module_record* place = nullptr;        // its record, whose list it is in until then
  token_state* next_of_module = nullptr; // with the registry's mutex held
  token_state* parts = nullptr;
  token_state* next_part = nullptr;
  slot_table<token_slot> slots{first_generation(this)};
  std::uint32_t part_tokens = 0; // of the tokens that are out
  sync::thread_id ender = 0;     // the thread that runs its end
  bool done = false;             // its hook has run, and it is in no list
};

// What a controller does, in this order; `note`: the failure that later users get. Without the registry's
// mutex.
void shut_token_sources(module_record& r, const failure& note) noexcept; // no token is given for now
void reopen_token_sources(module_record& r) noexcept;                    // the shutdown was refused
std::uint32_t end_token_sources(module_record& r) noexcept;              // how many tokens were out

} // namespace tenure::inline v1::detail

#endif
