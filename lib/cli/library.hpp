// One file, opened and read as what it was built for; nothing of it runs.
#ifndef TENURE_LIB_CLI_LIBRARY_HPP
#define TENURE_LIB_CLI_LIBRARY_HPP

#include "image/image.hpp"
#include "os/os.hpp"

#include <optional>
#include <string>

namespace tenure::cli {

/// A file and its facts, or why there are none. Moves keep the views of the facts valid.
struct library {
  std::string path; ///< as it was given
  os::file_identity identity;
  image::target process; ///< the one that it was built for
  std::optional<image::file_facts> facts;
  image::finding fault; ///< what is wrong with its bytes, if that is it
  std::string error;    ///< a sentence without the path; empty for a whole library

  bool readable() const noexcept { return error.empty(); }
  const image::facts& operator*() const noexcept { return **facts; }
  const image::facts* operator->() const noexcept { return &**facts; }
};

/// Opens without waiting for anybody (a FIFO is refused), reads what the facts need, keeps no descriptor.
/// Errors: all in `error`; throws only std::bad_alloc.
library read_library(const std::string& path);

/// As `read_library`, for a file that a walk met: empty if it is something that nobody would take for a
/// library.
std::optional<library> read_met_file(const std::string& path);

/// The whole message, without a path in front.
std::string words_of(const os::fault&);

/// From the root on. Empty with `error` if the system does not tell the current folder.
std::string absolute_path(const std::string& path, std::string& error);

/// Whether this process could load it, if it is whole.
bool is_native(const library&) noexcept;

/// "ELF x86-64, 64-bit", "PE AArch64, 64-bit", "ELF S/390, 64-bit, big-endian"
std::string describe_target(const library&);

} // namespace tenure::cli

#endif
