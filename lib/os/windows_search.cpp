#include "os/windows_search.hpp"

#include "image/image.hpp"
#include "os/windows.hpp"

#include <algorithm>
#include <cstddef>
#include <unordered_set>

namespace tenure::inline v1::os {
namespace {

std::string folder_of(const std::string& path) {
  return is_absolute(path) ? path.substr(0, path.find_last_of("/\\")) : std::string();
}

bool is_file(const std::string& path) {
  file_identity ignored;
  fault none;
  return identify(path, ignored, none);
}

std::vector<std::byte> read_whole(const std::string& path) {
  file input;
  fault none;
  if (!is_absolute(path) || !input.open(path, none)) return {};
  std::vector<std::byte> bytes(static_cast<std::size_t>(input.size()));
  const std::ptrdiff_t size = input.read_at(0, bytes.data(), bytes.size());
  bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return bytes;
}

// API sets are names without files, which the system maps to its own libraries.
bool is_api_set(const std::string& name) noexcept {
  return name.compare(0, 4, "api-") == 0 || name.compare(0, 4, "ext-") == 0;
}

// Where a library lies that is loaded already: the loader takes it as it is.
std::string loaded_path(const std::string& name) {
  HMODULE module = nullptr;
  if (GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, widen(name).c_str(), &module) == 0)
    return {};
  return narrow(path_of(module));
}

std::string system_folder() {
  return narrow(grow([](wchar_t* buffer, DWORD size) { return GetSystemDirectoryW(buffer, size); }));
}

bool maps_as_data(const std::wstring& name, DWORD search) noexcept {
  const HMODULE data = LoadLibraryExW(name.c_str(), nullptr, search | LOAD_LIBRARY_AS_DATAFILE);
  if (data == nullptr) return false;
  FreeLibrary(data);
  return true;
}

// The folders given to AddDllDirectory cannot be listed, so the system is asked. Wine looks everywhere for
// data files whatever the flags say: it then also "finds" the library in the system's folder, where we know
// that it is not.
// pre: the library is not in the system's folder.
bool in_added_folder(const std::wstring& name) noexcept {
  return maps_as_data(name, LOAD_LIBRARY_SEARCH_USER_DIRS) &&
         !maps_as_data(name, LOAD_LIBRARY_SEARCH_SYSTEM32);
}

// The search of the old days: the current folder and PATH.
std::string find_the_old_way(const std::wstring& name) {
  return narrow(grow([&name](wchar_t* buffer, DWORD size) {
    return SearchPathW(nullptr, name.c_str(), nullptr, size, buffer, nullptr);
  }));
}

bool is_absent(const std::string& path) { return path.empty(); }

bool is_foreign(const std::string& path) {
  const std::vector<std::byte> bytes = read_whole(path);
  std::span<const std::byte> view = bytes;
  return is_absolute(path) && image::check(image::source_of(view));
}

} // namespace

dependency_search::dependency_search(const std::string& path, bool legacy)
    : folder_(folder_of(path))
    , legacy_(legacy && is_absolute(path)) {
  if (!is_absolute(path))
    module_ = find(path);
  else if (is_file(path))
    module_ = path;
}

// The path of a library that is not loaded; its bare name if it is where we cannot look; empty if it is
// nowhere.
std::string dependency_search::find(const std::string& name) const {
  for (const std::string& folder : {folder_, folder_of(narrow(path_of(nullptr))), system_folder()}) {
    std::string path = folder.empty() ? std::string() : join(folder, name);
    if (!path.empty() && is_file(path)) return path;
  }
  const std::wstring wide = widen(name);
  if (legacy_) return find_the_old_way(wide);
  return in_added_folder(wide) ? name : std::string();
}

// Libraries outside the module's folder are trusted: the system's own load some of theirs in ways that cannot
// be told from here.
std::string dependency_search::first_bad(const std::string& module, judgement bad, names& seen) const {
  const std::vector<std::byte> bytes = read_whole(module);
  for (const std::string_view needed : image::read_facts(bytes).needed) {
    const std::string name(needed);
    if (is_api_set(name) || !loaded_path(name).empty() || std::ranges::find(seen, name) != seen.end())
      continue;
    seen.push_back(name);
    const std::string path = find(name);
    if (bad(path)) return name;
    if (folder_.empty() || folder_of(path) != folder_) continue;
    if (std::string deeper = first_bad(path, bad, seen); !deeper.empty()) return deeper;
  }
  return {};
}

std::string dependency_search::absent_library() const {
  names seen;
  return first_bad(module_, is_absent, seen);
}

std::string dependency_search::foreign_library() const {
  names seen;
  return first_bad(module_, is_foreign, seen);
}

std::string dependency_search::undefined_symbol() const {
  const std::vector<std::byte> bytes = read_whole(module_);
  const image::facts module = image::read_facts(bytes);
  std::unordered_set<std::string> defined;
  for (const std::string_view needed : module.needed) {
    const std::string name(needed), loaded = loaded_path(name);
    const std::vector<std::byte> library = read_whole(loaded.empty() ? find(name) : loaded);
    if (library.empty()) return {}; // an API set, or not to be read: anything may be defined there
    for (const image::symbol& s : image::read_facts(library).exports) defined.emplace(s.name);
  }
  for (const image::symbol& s : module.imports)
    if (!s.weak && !s.name.empty() && !defined.contains(std::string(s.name))) return std::string(s.name);
  return {};
}

} // namespace tenure::inline v1::os
