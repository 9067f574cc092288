// A module is tried in a child process: loaded, unloaded, as often as wanted. The child is this program
// again.
#ifndef TENURE_LIB_CLI_TRIAL_HPP
#define TENURE_LIB_CLI_TRIAL_HPP

#include "os/usage.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace tenure::cli {

enum class trial_outcome : std::uint8_t {
  gone,      ///< loaded and unloaded
  lingering, ///< unloaded, and still mapped
  in_use,    ///< could not be unloaded: threads of its own still run in it
  refused,   ///< could not be loaded
  crashed,
  left, ///< ended the process
  hung,
  cut_off,   ///< closed the descriptor by which its child process tells what happens
  resident,  ///< this command itself is linked with it
  not_tried, ///< no child could be started
};
std::string_view name_of(trial_outcome) noexcept;

struct trial_options {
  unsigned cycles = 1;
  std::chrono::milliseconds limit{10'000}; ///< for each step
  std::vector<std::string> folders;        ///< in which the loader looks first
};

/// What grew between the first cycle's end and the last one's, all cycles together.
struct trial_growth {
  std::int64_t resident_bytes = 0, threads = 0, descriptors = 0, images = 0, tls_bytes = 0, tls_keys = 0;
};

struct trial_result {
  trial_outcome outcome = trial_outcome::not_tried;
  std::string detail; ///< a clause: why, and what to do
  std::string reason; ///< of a lingering one: "unique_symbol"; of a refused one: "missing_dependency"
  std::string step; ///< what it was doing at last: "loading", "loaded", "unloading", "unloaded", "at the end"
  std::string output;               ///< the last that the child printed
  unsigned cycles = 0;              ///< complete ones
  double load_us = 0, close_us = 0; ///< the median of all cycles
  std::int64_t loaded_bytes = 0;    ///< resident memory that the first load took
  bool measured = false;            ///< whether there is a growth
  trial_growth growth;
};

/// `path`: absolute, as a bare name would be looked for in the system's folders.
trial_result try_module(const std::string& path, const trial_options&);

/// The child's part. `arguments`: those behind the word that chose it.
inline constexpr std::string_view trial_word = "--run-trial";
int run_trial(const std::vector<std::string>& arguments);

} // namespace tenure::cli

#endif
