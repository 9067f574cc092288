// A library and all that it needs, as the loader would gather them.
#ifndef TENURE_LIB_CLI_CLOSURE_HPP
#define TENURE_LIB_CLI_CLOSURE_HPP

#include "search.hpp"

namespace tenure::cli {

inline constexpr std::size_t no_node = static_cast<std::size_t>(-1);

/// One entry of a library's list of needs.
struct need {
  std::string name;
  link_state state = link_state::missing;
  std::size_t node = no_node; ///< of the closure, if found
  std::string path, how;      ///< where it was found
  std::string problem;        ///< a clause, unless found
};

struct closure_node {
  summary_ptr it;
  std::size_t parent = no_node; ///< the first that needs it
  std::vector<need> needs;
};

/// In the loader's order, breadth first; node 0 is the library itself.
struct closure {
  std::vector<closure_node> nodes;
};

closure find_closure(const summary_ptr& root, searcher& where);

/// Each need that is not met, with who has it: sentences.
struct unmet_need {
  std::string by, sentence;
  const need* what;
};
std::vector<unmet_need> unmet_needs(const closure&);

/// The way from `from` to `to` over needs, both included; empty if there is none.
std::vector<std::size_t> find_way(const closure&, std::size_t from, std::size_t to);

} // namespace tenure::cli

#endif
