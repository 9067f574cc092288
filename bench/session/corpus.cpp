#include "corpus.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>

namespace session {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t enough = 60; // files: below that Zipf's tail is not one

// Faults of the plug-ins' own, which one trial does not show each time. Seen on Debian 12 under every policy
// and with plain dlopen.
struct fault {
  const char *name, *why;
};
constexpr fault faults[] = {
    {"imp_1199", "its convolution takes minutes a block"},
    {"slide_2741", "its delay line is read before it was written, and holds what the memory held"},
    {"masher_4310", "loses 4 MB at each use"},
    {"3dflippo", "reads a parameter that it has not set, and crashes on some values"},
    {"curves", "reads a parameter that it has not set, and loops for ever on some values"},
};

using folder_list = std::vector<fs::path>;

// Folders in `in` whose name begins so.
folder_list children(const fs::path& in, const std::string& beginning) {
  folder_list found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(in, none))
    if (entry.is_directory(none) && entry.path().filename().string().starts_with(beginning))
      found.push_back(entry.path());
  return found;
}

void append(folder_list& list, const folder_list& more) { list.insert(list.end(), more.begin(), more.end()); }

// Where a system's libraries are: lib, lib64, and Debian's folder for each machine.
folder_list library_folders() {
  folder_list found;
  for (const char* base : {"/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib"}) {
    if (fs::is_symlink(base)) continue;
    found.emplace_back(base);
    for (const fs::path& child : children(base, ""))
      if (child.filename().string().find("-linux-gnu") != std::string::npos) found.push_back(child);
  }
  return found;
}

folder_list plugin_folders() {
  folder_list found;
  for (const fs::path& in : library_folders()) {
    for (const char* name : {"ladspa", "frei0r-1"})
      if (fs::is_directory(in / name)) found.push_back(in / name);
    for (const fs::path& magick : children(in, "ImageMagick-6"))
      for (const fs::path& modules : children(magick, "modules")) append(found, children(modules, "coders"));
  }
  return found;
}

folder_list gconv_folders() {
  folder_list found;
  for (const fs::path& in : library_folders()) append(found, children(in, "gconv"));
  return found;
}

bool is_library(const fs::path& file) { return file.extension() == ".so" || file.extension() == ".dylib"; }

void add_files(const fs::path& folder, std::vector<plugin>& files) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const fs::path whole = fs::canonical(entry.path(), none);
    if (!none && is_library(entry.path()))
      files.push_back({whole.string(), entry.path().stem().string(), kind::plain, {}});
  }
}

void add_folders(const folder_list& folders, found_files& found) {
  for (const fs::path& folder : folders) {
    found.folders.push_back(folder.string());
    add_files(folder, found.files);
  }
  const auto by_path = [](const plugin& a, const plugin& b) { return a.path < b.path; };
  const auto same = [](const plugin& a, const plugin& b) { return a.path == b.path; };
  std::sort(found.files.begin(), found.files.end(), by_path);
  found.files.erase(std::unique(found.files.begin(), found.files.end(), same), found.files.end());
}

} // namespace

found_files find_plugins(const std::vector<std::string>& given) {
  found_files found;
  if (!given.empty()) {
    add_folders({given.begin(), given.end()}, found);
    return found;
  }
  add_folders(plugin_folders(), found);
  if (found.files.size() >= enough) return found;
  found.remark =
      "This machine has few LADSPA, frei0r and ImageMagick plug-ins or none: the session takes glibc's "
      "gconv modules.";
  add_folders(gconv_folders(), found);
  return found;
}

const char* known_bad(const plugin& p) noexcept {
  const auto at =
      std::find_if(std::begin(faults), std::end(faults), [&](const fault& f) { return p.name == f.name; });
  return at != std::end(faults) ? at->why : nullptr;
}

} // namespace session
