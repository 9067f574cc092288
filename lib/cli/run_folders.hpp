// The folders that a library's own list of them means (RPATH, RUNPATH), with the loader's tokens replaced.
#ifndef TENURE_LIB_CLI_RUN_FOLDERS_HPP
#define TENURE_LIB_CLI_RUN_FOLDERS_HPP

#include <string>
#include <string_view>
#include <vector>

namespace tenure::cli {

struct run_folder {
  std::string path;
  std::string as_written; ///< "$ORIGIN/../lib"
};

/// Who is looked for, as far as its folders depend on that.
struct run_context {
  std::string origin; ///< the folder of the library that has the list
  std::string_view machine;
  bool wide = true;    ///< 64 bit
  bool native = false; ///< this machine's loader is meant
};

/// For machines of Debian's, Fedora's and the cross compilers' names: "x86_64-linux-gnu"; empty if not known.
std::string_view triplet_of(std::string_view machine) noexcept;

/// Those that exist, in order, each after its folders for this machine's processor (glibc-hwcaps). A damaged
/// file may list a hundred thousand that do not.
std::vector<run_folder> expand_folders(const std::vector<std::string>& lists, const run_context&);

/// $ORIGIN alone.
std::string with_origin(std::string path, const std::string& origin);

/// The folder's folders for this machine's processor, best first, and the folder.
std::vector<std::string> with_processor_folders(const std::string& folder);

/// The text with `by` in each place where it has `token`.
std::string replaced(std::string text, std::string_view token, const std::string& by);

std::vector<std::string> split(std::string_view text, char separator);

} // namespace tenure::cli

#endif
