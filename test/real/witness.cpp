#include "witness.hpp"

#include <fmt/core.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace real {
namespace {

namespace fs = std::filesystem;

path_set mapped_files(const std::string& folder) {
  path_set files;
  std::ifstream in(folder + "/maps"); // ADDRESSES RIGHTS OFFSET DEVICE INODE   FILE
  for (std::string line; std::getline(in, line);)
    if (const std::size_t at = line.find('/'); at != line.npos) files.insert(line.substr(at));
  return files;
}

std::int64_t anonymous_kib(const std::string& folder) {
  std::ifstream in(folder + "/status");
  std::string key;
  std::int64_t kib = 0;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    if (words >> key >> kib && key == "RssAnon:") return kib;
  }
  throw std::runtime_error(folder + "/status has no RssAnon");
}

std::vector<std::string> readelf(const char* options, const std::string& file) {
  const std::string command = fmt::format("readelf {} '{}' 2>&1", options, file);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(popen(command.c_str(), "r"), pclose);
  if (out == nullptr) throw std::runtime_error(command);
  std::vector<std::string> lines;
  std::array<char, 4096> line;
  while (std::fgets(line.data(), line.size(), out.get()) != nullptr) lines.emplace_back(line.data());
  return lines;
}

bool has(const std::vector<std::string>& lines, std::initializer_list<std::string> words) {
  for (const std::string& line : lines) {
    bool all = true;
    for (const std::string& word : words) all = all && line.find(word) != line.npos;
    if (all) return true;
  }
  return false;
}

std::vector<std::string> dynamic_section(const std::string& file) { return readelf("-dW", file); }

// "Num: Value Size Type Bind Vis Ndx Name@Version", defined or not.
struct dynamic_symbol {
  std::string binding, section, name;
};
std::vector<dynamic_symbol> dynamic_symbols(const std::string& file) {
  std::vector<dynamic_symbol> symbols;
  for (const std::string& line : readelf("--dyn-syms -W", file)) {
    std::istringstream words(line);
    std::string number, value, size, type, visibility;
    dynamic_symbol s;
    if (!(words >> number >> value >> size >> type >> s.binding >> visibility >> s.section >> s.name))
      continue;
    s.name.erase(std::min(s.name.find('@'), s.name.size()));
    symbols.push_back(s);
  }
  return symbols;
}

template <class Test> bool any_symbol(const std::string& file, Test test) {
  for (const dynamic_symbol& s : dynamic_symbols(file))
    if (test(s)) return true;
  return false;
}

std::string unless(bool borne_out, const std::string& what) { return borne_out ? "" : what; }

// The part of a detail before this text; empty if it is not there.
std::string before(const std::string& detail, const char* text) {
  const std::size_t at = detail.find(text);
  return at != detail.npos ? detail.substr(0, at) : "";
}

std::string whole(const std::string& path) {
  std::error_code none;
  return fs::canonical(path, none).string();
}

std::string object_to_needed_by(const lingering& l, const path_set& mapped) {
  const std::string by = before(l.detail, " is linked with it");
  if (!mapped.contains(whole(by))) return fmt::format("'{}' is not mapped", by);
  return unless(has(dynamic_section(by), {"(NEEDED)", fs::path(l.path).filename().string()}),
                by + " does not need it");
}

std::string object_to_bound_back(const lingering& l, const path_set& mapped) {
  constexpr const char *resident = " is resident and bound ", *end = " to it";
  const std::string by = before(l.detail, resident);
  if (!mapped.contains(whole(by))) return fmt::format("'{}' is not mapped", by);
  const std::string name = before(l.detail.substr(by.size() + std::string(resident).size()), end);
  if (!any_symbol(l.path, [&](const auto& s) { return s.name == name && s.section != "UND"; }))
    return fmt::format("it does not define '{}'", name);
  return unless(any_symbol(by, [&](const auto& s) { return s.name == name; }),
                by + " does not name that symbol");
}

} // namespace

process_view look_at(pid_t process) {
  const std::string folder = fmt::format("/proc/{}", process);
  process_view view{mapped_files(folder), anonymous_kib(folder), 0};
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder + "/fd")) ++view.descriptors;
  return view;
}

std::string objection(const lingering& l, const path_set& mapped) {
  if (l.reason == "nodelete_flag")
    return unless(has(dynamic_section(l.path), {"NODELETE"}), "it has no such flag");
  if (l.reason == "unique_symbol")
    return unless(
        any_symbol(l.path, [](const auto& s) { return s.binding == "UNIQUE" && s.section != "UND"; }),
        "it defines none");
  if (l.reason == "needed_by") return object_to_needed_by(l, mapped);
  if (l.reason == "bound_back") return object_to_bound_back(l, mapped);
  if (l.reason == "tls_destructor_pending")
    return unless(any_symbol(l.path, [](const auto& s) { return s.name.starts_with("__cxa_thread_atexit"); }),
                  "it registers no destructor");
  return "nothing here can bear that out";
}

} // namespace real
