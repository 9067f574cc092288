// Where the systems' loaders look for a library that another one needs, without loading any.
#ifndef TENURE_LIB_CLI_SEARCH_HPP
#define TENURE_LIB_CLI_SEARCH_HPP

#include "loader_cache.hpp"
#include "summary.hpp"

#include <map>

namespace tenure::cli {

enum class link_state : std::uint8_t {
  found,
  missing,
  foreign,   ///< only found for another machine
  damaged,   ///< found, and cannot be read
  elsewhere, ///< a part of a system that this one is not
};
std::string_view name_of(link_state) noexcept;

/// What became of one search.
struct search_result {
  link_state state = link_state::missing;
  summary_ptr library; ///< found, foreign or damaged
  std::string how;     ///< "RUNPATH $ORIGIN/lib", "ld.so.cache", …
};

/// Who asks: the library that needs it, and those that need that, up to the one that is opened.
using need_chain = std::vector<const summary*>;

/// Threads: any.
class searcher {
public:
  /// `folders` are looked at before all others.
  searcher(summary_table& table, std::vector<std::string> folders);

  /// `effort`: how many more paths may be looked at; nothing is found once it is 0.
  search_result find(const std::string& name, const need_chain& chain, std::size_t& effort);

private:
  struct attempt;
  bool try_path(attempt&, const std::string& path, const std::string& how);
  bool try_folders(attempt&, const std::vector<std::string>& folders, std::string_view how);
  bool try_run_paths(attempt&, const std::vector<run_folder>& folders, std::string_view tag);
  std::vector<std::string> places_of(const std::string& folder);
  search_result find_elf(attempt&);
  search_result find_in_system(attempt&);
  bool try_system(attempt&);
  search_result find_pe(attempt&);
  search_result find_macho(attempt&);
  bool try_apple_path(attempt&, const std::string& path, const summary& owner, const std::string& how);

  summary_table& table_;
  std::vector<std::string> folders_, environment_;
  loader_cache cache_;
  std::mutex guard_; // of what follows
  std::map<std::string, std::vector<std::string>>
      places_;                                  ///< a folder of the system, and those for its processor
  std::map<std::string, search_result> system_; ///< what the system's own folders gave, by target and name
};

} // namespace tenure::cli

#endif
