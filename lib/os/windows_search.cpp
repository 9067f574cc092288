#include "os/windows_search.hpp"

#include "image/image.hpp"

#include <algorithm>
#include <unordered_set>

namespace tenure::inline v1::os {
namespace {

bool is_loaded(const std::wstring& name) noexcept {
  HMODULE module = nullptr;
  return GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, name.c_str(), &module) != 0;
}

std::string folder_of(const std::string& path) {
  return is_absolute(path) ? path.substr(0, path.find_last_of("/\\")) : std::string();
}

// API sets are names without files, which the system maps to its own libraries.
bool is_api_set(const std::string& name) noexcept {
  return name.compare(0, 4, "api-") == 0 || name.compare(0, 4, "ext-") == 0;
}

bool is_absent(const found_library& library) noexcept { return !library; }

// What follows the file in its last page does not matter: the headers tell how long it should be.
bool is_foreign(const found_library& library) noexcept {
  std::span<const std::byte> bytes = library.bytes();
  return library && image::check(image::source_of(bytes));
}

// The search of a bare name that also goes through PATH: without any flag.
constexpr DWORD everywhere = 0;

} // namespace

std::span<const std::byte> found_library::bytes() const noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(module_) & ~std::uintptr_t{3}; // marked as data
  MEMORY_BASIC_INFORMATION region{};
  if (address == 0) return {};
  const auto* const begin = reinterpret_cast<const std::byte*>(address);
  if (VirtualQuery(begin, &region, sizeof region) == 0) return {};
  return {begin, region.RegionSize};
}

dependency_search::dependency_search(const std::string& path, bool legacy)
    : folder_(folder_of(path))
    , search_(legacy && !folder_.empty() ? everywhere : LOAD_LIBRARY_SEARCH_DEFAULT_DIRS)
    , module_(system_path(path), folder_.empty() ? LOAD_LIBRARY_SEARCH_DEFAULT_DIRS : 0) {}

found_library dependency_search::find(const std::string& name) const {
  if (!folder_.empty())
    if (found_library beside{system_path(join(folder_, name)), 0}) return beside;
  return {widen(name), search_};
}

// What is loaded already is taken by the loader as it is. Libraries outside the module's folder are trusted:
// the system's own load some of theirs in ways that cannot be told from here.
std::string dependency_search::first_bad(std::span<const std::byte> module, judgement bad,
                                         names& seen) const {
  for (const std::string_view needed : image::read_facts(module).needed) {
    const std::string name(needed);
    if (is_api_set(name) || is_loaded(widen(name)) || std::ranges::find(seen, name) != seen.end()) continue;
    seen.push_back(name);
    const found_library library = find(name);
    if (bad(library)) return name;
    if (folder_.empty() || !found_library(system_path(join(folder_, name)), 0)) continue;
    if (std::string deeper = first_bad(library.bytes(), bad, seen); !deeper.empty()) return deeper;
  }
  return {};
}

std::string dependency_search::absent_library() const {
  names seen;
  return first_bad(module_.bytes(), is_absent, seen);
}

std::string dependency_search::foreign_library() const {
  names seen;
  return first_bad(module_.bytes(), is_foreign, seen);
}

std::string dependency_search::undefined_symbol() const {
  const image::facts module = image::read_facts(module_.bytes());
  std::vector<found_library> libraries; // the names point into them
  std::unordered_set<std::string_view> defined;
  for (const std::string_view needed : module.needed) {
    libraries.push_back(find(std::string(needed)));
    if (!libraries.back()) return {}; // an API set, or gone: then anything may be defined there
    for (const image::symbol& s : image::read_facts(libraries.back().bytes()).exports) defined.insert(s.name);
  }
  for (const image::symbol& s : module.imports)
    if (!s.weak && !s.name.empty() && !defined.contains(s.name)) return std::string(s.name);
  return {};
}

} // namespace tenure::inline v1::os
