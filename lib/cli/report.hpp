// What `tenure check` found out about one file.
#ifndef TENURE_LIB_CLI_REPORT_HPP
#define TENURE_LIB_CLI_REPORT_HPP

#include "closure.hpp"
#include "plugin_info.hpp"
#include "trial.hpp"

#include <optional>

namespace tenure::cli {

enum class file_fate : std::uint8_t {
  unloads,
  may_stay, ///< while threads live that used it
  stays,
  does_not_load, ///< it lacks a library, or its trial was refused
  lacks_symbols, ///< of the interface that was asked for
  misbehaves,    ///< crashed, hung or left in its trial
  unreadable,
};
std::string_view name_of(file_fate) noexcept;

std::string_view name_of(image::tls_model) noexcept;

struct listed_symbol {
  std::string name, demangled, version; ///< `demangled` is empty if it would say the same
  std::string_view kind;
  std::uint64_t size = 0;
  bool weak = false, unique = false;
};

/// Owns all that it says: a thousand of them must not keep a thousand symbol tables.
struct file_report {
  std::string path;
  os::file_identity identity;
  std::string error;
  image::finding fault;
  file_fate fate = file_fate::unloads;
  std::string target, name, build_id;
  bool native = false;
  std::vector<std::string> needed;
  std::vector<obstacle> obstacles;
  std::vector<bool> accepted; ///< for each obstacle, whether the caller does not mind
  std::vector<std::string> warnings;
  image::life_cycle runs;
  std::uint64_t tls_size = 0;
  image::tls_model tls = image::tls_model::none;
  std::size_t export_count = 0;
  std::vector<std::string> unmet;         ///< needs that are not met: sentences
  std::vector<std::string> leaves_behind; ///< libraries that it brings and that stay
  std::vector<std::string> lacking;       ///< symbols of the interface
  std::vector<listed_symbol> symbols;     ///< if they were asked for
  std::optional<plugin_info> plugin;
  std::optional<trial_result> trial;
};

/// From what the report has gathered.
file_fate judge(const file_report&) noexcept;

/// Exit statuses of every subcommand.
inline constexpr int status_good = 0, status_bad = 1, status_unreadable = 2;
int status_of(const std::vector<file_report>&) noexcept;

} // namespace tenure::cli

#endif
