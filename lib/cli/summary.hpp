// What of a library matters to those that need it, and one table of them for all.
#ifndef TENURE_LIB_CLI_SUMMARY_HPP
#define TENURE_LIB_CLI_SUMMARY_HPP

#include "obstacles.hpp"
#include "run_folders.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace tenure::cli {

/// A library without its symbols.
struct summary {
  std::string path, name; ///< `name`: what others need it by
  std::string error;      ///< why it could not be read
  os::file_identity identity;
  bool exists = false;
  image::format kind = image::format::unknown;
  image::byte_order order = image::byte_order::little;
  std::uint8_t bits = 0;
  std::uint32_t machine = 0;
  std::string target;  ///< in words
  bool native = false; ///< this process could load it
  std::vector<std::string> needed, rpath, runpath;
  std::vector<run_folder> rpath_folders, runpath_folders; ///< ELF: what those two mean
  std::vector<obstacle> obstacles;

  /// Whether both are for the same kind of process.
  bool fits(const summary& other) const noexcept {
    return kind == other.kind && order == other.order && bits == other.bits && machine == other.machine;
  }
};

std::string folder_of(const std::string& path);

using summary_ptr = std::shared_ptr<const summary>;

summary_ptr summarise(const library&);

/// Summaries by path; each file that is there is read once. Threads: any; two that ask for one path at once
/// may both read it.
class summary_table {
public:
  summary_ptr get(const std::string& path);
  void put(const summary_ptr&);

private:
  std::mutex guard_; // of the table; dropped while a file is read
  std::unordered_map<std::string, summary_ptr> known_;
};

} // namespace tenure::cli

#endif
