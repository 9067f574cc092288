#include "walk.hpp"

#include "os/os.hpp"
#include "utf8_path.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

namespace tenure::cli {
namespace {

namespace fs = std::filesystem;

// Half of what lies in a system's library folders. Opening them would take most of the time.
constexpr std::array<std::string_view, 64> other_suffixes = {
    ".a",   ".adoc", ".bc",   ".c",     ".cc",   ".cfg",  ".class", ".cmake", ".conf", ".cpp", ".css",
    ".d",   ".dat",  ".db",   ".debug", ".enc",  ".f90",  ".gif",   ".go",    ".gz",   ".h",   ".hh",
    ".hpp", ".html", ".in",   ".ini",   ".inl",  ".java", ".jpg",   ".js",    ".json", ".la",  ".lua",
    ".md",  ".mo",   ".mod",  ".o",     ".obj",  ".pc",   ".ph",    ".pl",    ".pm",   ".png", ".pod",
    ".py",  ".pyc",  ".pyi",  ".rb",    ".rlib", ".rst",  ".s",     ".sh",    ".svg",  ".tcl", ".toml",
    ".ts",  ".txt",  ".wasm", ".xml",   ".xz",   ".yaml", ".yml",   ".zip",   ".zst"};

bool cannot_be_one(const fs::path& path) {
  const auto suffix = detail::utf8_of(path.extension());
  return std::binary_search(other_suffixes.begin(), other_suffixes.end(), std::string_view(suffix));
}

// A link to a neighbour: that one is met by its own name.
bool leads_next_door(const fs::directory_entry& entry) {
  std::error_code failed;
  const auto target = fs::read_symlink(entry.path(), failed);
  return !failed && !target.has_parent_path();
}

class walker {
public:
  explicit walker(walk_result& into)
      : into_(into) {}

  void walk(const fs::path& top) {
    folders_.push_back(top);
    while (!folders_.empty()) {
      const auto folder = std::move(folders_.back());
      folders_.pop_back();
      list(folder);
    }
    std::sort(met_.begin(), met_.end(), [](const met_file& a, const met_file& b) { return a.path < b.path; });
    into_.files.insert(into_.files.end(), met_.begin(), met_.end());
  }

private:
  void list(const fs::path& folder) {
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed))
      meet(*at);
    if (failed) into_.errors.push_back(fmt::format("{}: {}", detail::utf8_of(folder), failed.message()));
  }

  void meet(const fs::directory_entry& entry) {
    std::error_code gone;
    const bool link = entry.is_symlink(gone);
    if (!link && entry.is_directory(gone)) return folders_.push_back(entry.path());
    if (cannot_be_one(entry.path())) return;
    const auto kind = entry.status(gone).type();
    // A link that leads nowhere is handed on: the reader says so of what has a library's name.
    const bool leads_nowhere = link && (kind == fs::file_type::not_found || kind == fs::file_type::none);
    if (leads_nowhere || (kind == fs::file_type::regular && !(link && leads_next_door(entry))))
      met_.push_back({detail::utf8_of(entry.path()), false});
  }

  walk_result& into_;
  std::vector<fs::path> folders_; // still to be listed
  std::vector<met_file> met_;
};

} // namespace

walk_result find_files(const std::vector<std::string>& arguments) {
  static_assert(std::is_sorted(other_suffixes.begin(), other_suffixes.end()));
  walk_result result;
  for (const auto& each : arguments) {
    std::error_code none;
    const bool plain = each.find('\0') == each.npos;
    if (plain && !each.empty() && fs::is_directory(detail::path_of_utf8(each), none))
      walker(result).walk(detail::path_of_utf8(each));
    else
      result.files.push_back({each, true});
  }
  return result;
}

} // namespace tenure::cli
