// From what the command line names to the files that are meant.
#ifndef TENURE_LIB_CLI_WALK_HPP
#define TENURE_LIB_CLI_WALK_HPP

#include <string>
#include <vector>

namespace tenure::cli {

struct met_file {
  std::string path;
  bool named = true; ///< on the command line; else met below a folder, where not everything is a library
};

struct walk_result {
  std::vector<met_file> files;
  std::vector<std::string> errors; ///< sentences: folders that could not be walked
};

/// Files as they are named, and of folders what lies below them in the order of their names. Links to folders
/// are not followed below a folder, and a link to a file next to it is left out.
walk_result find_files(const std::vector<std::string>& arguments);

} // namespace tenure::cli

#endif
