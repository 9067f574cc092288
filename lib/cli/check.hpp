// `tenure check`: would these libraries unload, and if not, why?
#ifndef TENURE_LIB_CLI_CHECK_HPP
#define TENURE_LIB_CLI_CHECK_HPP

#include "report.hpp"
#include "style.hpp"

namespace tenure::cli {

struct check_options {
  std::vector<std::string> paths;
  std::vector<std::string> interfaces; ///< files with lists of symbols
  std::vector<std::string> accepted;   ///< names of obstacles
  std::vector<std::string> folders;    ///< where dependencies are looked for first
  bool symbols = false, load = false, json = false, verbose = false, quiet = false;
  unsigned cycles = 1;
  double timeout = 10; ///< seconds
  unsigned jobs = 0;   ///< 0: one for each processor
  colour_choice colours = colour_choice::automatic;
};

int run_check(const check_options&);

/// All of it at once; `problems` are those of folders and lists, as sentences.
std::string to_text(const std::vector<file_report>&, const check_options&, const style&);
std::string to_json(const std::vector<file_report>&, const std::vector<std::string>& problems);

} // namespace tenure::cli

#endif
