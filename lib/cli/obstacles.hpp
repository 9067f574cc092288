// The verdict on a file: would its library unload, what prevents it, and what cures that.
#ifndef TENURE_LIB_CLI_OBSTACLES_HPP
#define TENURE_LIB_CLI_OBSTACLES_HPP

#include "library.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tenure::cli {

enum class obstacle_kind : std::uint8_t {
  nodelete,                ///< DF_1_NODELETE
  unique_symbol,           ///< a bound STB_GNU_UNIQUE symbol
  thread_local_destructor, ///< stays while a thread lives that used one
  thread_local_variable,   ///< Mach-O: dyld keeps such images
  objective_c,             ///< Mach-O: the same
  needed_by,               ///< a library that stays needs it
  loader,                  ///< musl never unmaps
};

/// "nodelete", "unique-symbol", …: as in JSON and behind --accept.
std::string_view name_of(obstacle_kind) noexcept;
inline constexpr obstacle_kind last_obstacle_kind = obstacle_kind::loader;

struct obstacle {
  obstacle_kind kind = obstacle_kind::nodelete;
  std::string evidence;             ///< a clause: "3 unique symbols are bound when it is loaded"
  std::string cure;                 ///< a clause in the imperative
  std::vector<std::string> symbols; ///< which ones, as the file has them
  std::vector<std::string> chain;   ///< needed_by: from the library that stays to this one
};

/// By the file alone. Pre: `it.readable()`.
std::vector<obstacle> find_obstacles(const library& it);

/// What makes loading or unloading harder without preventing it: sentences.
std::vector<std::string> find_warnings(const library& it);

/// The first that keeps the library for ever, not only while threads live; null if there is none.
const obstacle* find_lasting(const std::vector<obstacle>&) noexcept;
inline bool keeps_for_ever(const std::vector<obstacle>& all) noexcept { return find_lasting(all) != nullptr; }

} // namespace tenure::cli

#endif
