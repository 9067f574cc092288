#include "walk.hpp"

#include "os/os.hpp"
#include "utf8_path.hpp"

#include <fmt/format.h>

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
  if (!entry.is_symlink(failed)) return false;
  const auto target = fs::read_symlink(entry.path(), failed);
  return !failed && !target.has_parent_path();
}

void walk_folder(const fs::path& folder, walk_result& into) {
  std::vector<met_file> met;
  std::error_code failed;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(folder, options, failed), end; !failed && at != end;
       at.increment(failed)) {
    std::error_code gone;
    if (cannot_be_one(at->path()) || leads_next_door(*at) || !at->is_regular_file(gone)) continue;
    met.push_back({detail::utf8_of(at->path()), false});
  }
  if (failed) into.errors.push_back(fmt::format("{}: {}", detail::utf8_of(folder), failed.message()));
  std::sort(met.begin(), met.end(), [](const met_file& a, const met_file& b) { return a.path < b.path; });
  into.files.insert(into.files.end(), met.begin(), met.end());
}

} // namespace

walk_result find_files(const std::vector<std::string>& arguments) {
  static_assert(std::is_sorted(other_suffixes.begin(), other_suffixes.end()));
  walk_result result;
  for (const auto& each : arguments) {
    std::error_code none;
    const bool plain = each.find('\0') == each.npos;
    if (plain && !each.empty() && fs::is_directory(detail::path_of_utf8(each), none))
      walk_folder(detail::path_of_utf8(each), result);
    else
      result.files.push_back({each, true});
  }
  return result;
}

} // namespace tenure::cli
