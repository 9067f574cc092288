#include "corpora.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <stdexcept>

namespace real {
namespace {

namespace fs = std::filesystem;

// A folder or file under a folder for libraries; * stands for any text within one name.
struct recipe {
  std::size_t enough;
  std::vector<const char*> folders, hosts;
};
const std::map<std::string, recipe> recipes = {
    {"ladspa", {200, {"ladspa"}, {}}},
    {"frei0r", {100, {"frei0r-1"}, {}}},
    {"coders", {100, {"ImageMagick-6*/modules*/coders"}, {"libMagickCore-6.Q16.so.6"}}},
    {"gconv", {200, {"gconv"}, {}}},
    // What is on nearly every Debian: PAM, OpenSSL's engines and providers, extensions of Perl and Python,
    // and others.
    {"system",
     {60,
      {"security", "engines-*", "ossl-modules", "perl-base/auto/*", "perl-base/auto/*/*", "perl/5*/auto/*",
       "perl/5*/auto/*/*", "python3*/lib-dynload", "gdk-pixbuf-2.0/*/loaders", "gstreamer-1.0", "gio/modules",
       "alsa-lib", "sasl2", "qt6/plugins/*"},
      {"libperl.so.5.*", "libpython3*.so.1.0"}}},
};

bool matches(std::string_view name, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == pattern.npos) return name == pattern;
  const auto head = pattern.substr(0, star), tail = pattern.substr(star + 1);
  return name.size() >= head.size() + tail.size() && name.starts_with(head) && name.ends_with(tail);
}

void find_in(const fs::path& in, std::string_view pattern, std::vector<fs::path>& found) {
  const std::size_t slash = pattern.find('/');
  const auto first = pattern.substr(0, slash);
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(in, none)) {
    if (!matches(entry.path().filename().string(), first)) continue;
    if (slash == pattern.npos)
      found.push_back(entry.path());
    else
      find_in(entry.path(), pattern.substr(slash + 1), found);
  }
}

// In each folder where distributions put libraries. Each file once, by its own name.
std::vector<fs::path> find_all(const std::vector<const char*>& patterns) {
  std::vector<fs::path> bases = {"/usr/lib", "/usr/lib64"}, found;
  find_in("/usr/lib", "*-linux-gnu", bases);
  for (const fs::path& base : bases)
    for (const char* pattern : patterns) find_in(base, pattern, found);
  for (fs::path& path : found) path = fs::canonical(path);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

} // namespace

corpus find_corpus(const std::string& name) {
  const auto at = recipes.find(name);
  if (at == recipes.end()) throw std::invalid_argument("no corpus is called " + name);
  corpus c{name, at->second.enough, {}, {}};
  for (const fs::path& folder : find_all(at->second.folders)) {
    if (!fs::is_directory(folder)) continue;
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().extension() == ".so" && !entry.is_symlink())
        c.files.push_back({entry.path().string(), entry.path().stem().string(), session::kind::plain, {}});
  }
  // What is resident when a module is loaded decides what is bound to what: the same order everywhere.
  std::sort(c.files.begin(), c.files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  for (const fs::path& host : find_all(at->second.hosts)) c.hosts.push_back(host.string());
  return c;
}

} // namespace real
