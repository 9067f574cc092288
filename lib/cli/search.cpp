#include "search.hpp"

#include <array>
#include <cctype>
#include <cstdlib>

namespace tenure::cli {
namespace {

std::vector<std::string> from_environment(const char* name, char separator) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::vector<std::string>() : split(value, separator);
}

// What Debian, Fedora and the cross compilers call the folders of one machine.
std::vector<std::string> default_folders(const summary& who) {
  const auto triplet = std::string(triplet_of(image::machine_name(who.kind, who.machine)));
  std::vector<std::string> folders;
  if (!triplet.empty())
    for (const char* const before : {"/lib/", "/usr/lib/"}) folders.push_back(before + triplet);
  for (const char* const each : {"/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"})
    folders.emplace_back(each);
  if (!triplet.empty()) folders.push_back("/usr/" + triplet + "/lib");
  return folders;
}

} // namespace

/// One search, and the best that it met so far.
struct searcher::attempt {
  const std::string& name;
  const need_chain& chain;
  std::size_t& effort;
  search_result best{};

  const summary& who() const { return *chain.front(); }
  search_result failed() {
    if (!best.library) best.state = who().native ? link_state::missing : link_state::elsewhere;
    return best;
  }
};

std::string_view name_of(link_state state) noexcept {
  constexpr std::array<std::string_view, 5> names{"found", "missing", "foreign", "damaged", "elsewhere"};
  return names[static_cast<std::size_t>(state)];
}

searcher::searcher(summary_table& table, std::vector<std::string> folders)
    : table_(table)
    , folders_(std::move(folders))
    , environment_(from_environment("LD_LIBRARY_PATH", ':'))
    , cache_(loader_cache::installed()) {}

search_result searcher::find(const std::string& name, const need_chain& chain, std::size_t& effort) {
  attempt one{name, chain, effort};
  if (try_folders(one, folders_, "-L")) return one.best;
  switch (one.who().kind) {
  case image::format::elf:
    return find_elf(one);
  case image::format::pe:
    return find_pe(one);
  case image::format::macho:
    return find_macho(one);
  case image::format::unknown:
    break;
  }
  return one.failed();
}

// True ends the search. Loaders go on past a library for another machine; past one that is damaged they do
// not.
bool searcher::try_path(attempt& one, const std::string& path, const std::string& how) {
  if (one.effort == 0) return false;
  --one.effort;
  const auto it = table_.get(path);
  if (!it->exists) return false;
  const bool fits = it->fits(one.who());
  if (it->error.empty() && fits)
    one.best = {link_state::found, it, how};
  else if (!fits && it->kind != image::format::unknown)
    one.best = {link_state::foreign, it, how};
  else
    one.best = {link_state::damaged, it, how};
  return one.best.state != link_state::foreign;
}

bool searcher::try_folders(attempt& one, const std::vector<std::string>& folders, std::string_view how) {
  for (const auto& each : folders) {
    const bool levels = one.who().kind == image::format::elf && one.who().native;
    for (const auto& place : levels ? places_of(each) : std::vector<std::string>{each})
      if (try_path(one, os::join(place, one.name), std::string(how) + " " + each)) return true;
  }
  return false;
}

std::vector<std::string> searcher::places_of(const std::string& folder) {
  const std::lock_guard lock(guard_);
  auto& known = places_[folder];
  if (known.empty()) known = with_processor_folders(folder);
  return known;
}

bool searcher::try_run_paths(attempt& one, const std::vector<run_folder>& folders, std::string_view tag) {
  for (const auto& each : folders)
    if (try_path(one, os::join(each.path, one.name), std::string(tag) + " " + each.as_written)) return true;
  return false;
}

// glibc's order. A RUNPATH silences the RPATHs of the library that has it and of all above it.
search_result searcher::find_elf(attempt& one) {
  if (one.name.find('/') != one.name.npos) {
    if (!try_path(one, with_origin(one.name, folder_of(one.who().path)), "by its path")) return one.failed();
    return one.best;
  }
  if (one.who().runpath.empty())
    for (const auto* each : one.chain)
      if (each->runpath.empty() && try_run_paths(one, each->rpath_folders, "RPATH")) return one.best;
  if (one.who().native && try_folders(one, environment_, "LD_LIBRARY_PATH")) return one.best;
  if (try_run_paths(one, one.who().runpath_folders, "RUNPATH")) return one.best;
  return find_in_system(one);
}

// The same for all who ask, so that it is looked for once.
search_result searcher::find_in_system(attempt& one) {
  const auto key = one.who().target + '\0' + one.name;
  {
    const std::lock_guard lock(guard_);
    if (const auto at = system_.find(key); at != system_.end())
      return at->second.library || !one.best.library ? at->second : one.best;
  }
  attempt fresh{one.name, one.chain, one.effort};
  auto result = try_system(fresh) ? fresh.best : fresh.failed();
  // This machine's own libraries say nothing about those of another.
  if (result.state == link_state::foreign && !one.who().native) result = {link_state::elsewhere, nullptr, {}};
  const std::lock_guard lock(guard_);
  system_.emplace(key, result);
  return result.library || !one.best.library ? result : one.best;
}

bool searcher::try_system(attempt& one) {
  for (const auto& path : cache_.find(one.name))
    if (try_path(one, path, "ld.so.cache")) return true;
  return try_folders(one, default_folders(one.who()), "system folder");
}

// The folder of the library that is opened comes first, as for LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR.
search_result searcher::find_pe(attempt& one) {
  if (try_folders(one, {folder_of(one.chain.back()->path)}, "its folder")) return one.best;
  std::string lower = one.name;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower.starts_with("api-ms-win-") || lower.starts_with("ext-ms-"))
    return {link_state::elsewhere, nullptr, "API set"};
  if (one.who().native) {
    if (const char* const root = std::getenv("SystemRoot"))
      if (try_folders(one, {std::string(root) + "\\System32", root}, "system folder")) return one.best;
    if (try_folders(one, from_environment("PATH", ';'), "PATH")) return one.best;
  }
  return one.failed();
}

bool searcher::try_apple_path(attempt& one, const std::string& path, const summary& owner,
                              const std::string& how) {
  auto real = replaced(path, "@loader_path", folder_of(owner.path));
  real = replaced(std::move(real), "@executable_path", folder_of(one.chain.back()->path));
  return try_path(one, real, how);
}

search_result searcher::find_macho(attempt& one) {
  constexpr std::string_view by_rpath = "@rpath/";
  if (!one.name.starts_with(by_rpath)) {
    if (try_apple_path(one, one.name, one.who(), "by its path")) return one.best;
    // Those of the system lie in one shared cache, not in files.
    if (one.name.starts_with("/usr/lib/") || one.name.starts_with("/System/"))
      return {link_state::elsewhere, nullptr, "the system's"};
    return one.failed();
  }
  const auto rest = one.name.substr(by_rpath.size());
  for (const auto* owner : one.chain)
    for (const auto& each : owner->rpath)
      if (try_apple_path(one, each + "/" + rest, *owner, "LC_RPATH " + each)) return one.best;
  return one.failed();
}

} // namespace tenure::cli
