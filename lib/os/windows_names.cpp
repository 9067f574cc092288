// Text and names on Windows. In the library a path is UTF-8; the system's calls get UTF-16.
#include "os/windows.hpp"

#include <algorithm>
#include <cstring>

namespace tenure::inline v1::os {
namespace {

constexpr std::wstring_view verbatim_prefix = L"\\\\?\\"; // what follows is taken as it is, at any length

bool is_slash(char c) noexcept { return c == '/' || c == '\\'; }
bool is_letter(char c) noexcept { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
bool has_drive(std::string_view path) noexcept {
  return path.size() >= 2 && is_letter(path[0]) && path[1] == ':';
}
bool starts_with(std::wstring_view text, std::wstring_view start) noexcept {
  return text.substr(0, start.size()) == start;
}

bool ends_with_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  if (text.size() < lower.size()) return false;
  const auto same = [](char small, char any) { return small == (is_letter(any) ? any | 0x20 : any); };
  return std::equal(lower.begin(), lower.end(), text.end() - static_cast<std::ptrdiff_t>(lower.size()), same);
}

// C:\x becomes \\?\C:\x, and \\server\x becomes \\?\UNC\server\x; device names stay.
std::wstring verbatim(const std::wstring& path) {
  if (starts_with(path, verbatim_prefix) || starts_with(path, L"\\\\.\\")) return path;
  if (starts_with(path, L"\\\\")) return std::wstring(verbatim_prefix) + L"UNC" + path.substr(1);
  return std::wstring(verbatim_prefix) + path;
}

} // namespace

// --- text ---

std::wstring widen(std::string_view utf8, strictness how) {
  const DWORD flags = how == strictness::strict ? MB_ERR_INVALID_CHARS : 0;
  const int size = static_cast<int>(utf8.size());
  const int needed = size == 0 ? 0 : MultiByteToWideChar(CP_UTF8, flags, utf8.data(), size, nullptr, 0);
  std::wstring text(static_cast<std::size_t>(needed), L'\0');
  if (needed != 0) MultiByteToWideChar(CP_UTF8, flags, utf8.data(), size, text.data(), needed);
  return text;
}

std::string narrow(std::wstring_view utf16, strictness how) {
  const DWORD flags = how == strictness::strict ? WC_ERR_INVALID_CHARS : 0;
  const int size = static_cast<int>(utf16.size());
  const int needed =
      size == 0 ? 0 : WideCharToMultiByte(CP_UTF8, flags, utf16.data(), size, nullptr, 0, nullptr, nullptr);
  std::string text(static_cast<std::size_t>(needed), '\0');
  if (needed != 0)
    WideCharToMultiByte(CP_UTF8, flags, utf16.data(), size, text.data(), needed, nullptr, nullptr);
  return text;
}

namespace {

// What was given, as UTF-16; `why` is set if it is not Unicode.
std::wstring units_of(path_view path, fault& why) {
  if (path.width() == 1) {
    const std::string_view bytes(static_cast<const char*>(path.data()), path.size());
    std::wstring text = widen(bytes);
    if (!text.empty()) return text;
    why.cause = errc::path_not_utf8;
    return widen(bytes, strictness::lenient);
  }
  std::wstring text(path.size(), L'\0');
  std::memcpy(text.data(), path.data(), path.size() * sizeof(wchar_t)); // it may have been char16_t
  if (narrow(text).empty()) why.cause = errc::path_not_utf8;
  return text;
}

// File systems hold no name between two slashes that is longer; the system's own error would be "not found".
bool has_long_part(const std::wstring& path) noexcept {
  constexpr std::size_t longest_part = 255; // UTF-16 units
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= path.size(); ++i) {
    if (i != path.size() && path[i] != L'\\' && path[i] != L'/') continue;
    if (i - begin > longest_part) return true;
    begin = i + 1;
  }
  return false;
}

} // namespace

std::string to_internal(path_view path, fault& why) {
  if (path.size() == 0) why.cause = errc::path_empty;
  if (path.size() > 3 * longest_path) why.cause = errc::path_too_long; // no UTF-8 of a path is longer
  if (why) return {};
  std::wstring text = units_of(path, why);
  if (text.size() > longest_path || has_long_part(text)) why.cause = errc::path_too_long;
  if (const std::size_t nul = text.find(L'\0'); nul != std::wstring::npos) {
    why.cause = errc::path_contains_nul;
    text.resize(nul); // what the system would have opened
  }
  return narrow(text, strictness::lenient);
}

std::wstring system_path(const std::string& path) {
  std::wstring text = widen(path);
  std::replace(text.begin(), text.end(), L'/', L'\\');
  return text.size() >= MAX_PATH && is_absolute(path) ? verbatim(text) : text;
}

// --- names ---

// "\x" and "C:x" are not absolute: they mean the current drive and the current folder of a drive.
bool is_absolute(std::string_view path) noexcept {
  if (has_drive(path)) return path.size() > 2 && is_slash(path[2]);
  return path.size() > 2 && is_slash(path[0]) && is_slash(path[1]); // \\server\share, \\?\C:\, \\.\pipe
}

bool has_folder(std::string_view path) noexcept {
  return has_drive(path) || path.find_first_of("/\\") != std::string_view::npos;
}

std::string join(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (path.empty() || !is_slash(path.back())) path += '\\';
  return path.append(name);
}

namespace {

std::wstring full_path(const std::wstring& path) {
  return grow(
      [&path](wchar_t* buffer, DWORD size) { return GetFullPathNameW(path.c_str(), size, buffer, nullptr); });
}

} // namespace

// Also takes "." and ".." out and turns the slashes, in an absolute path too, so that equal paths look equal.
std::string make_absolute(const std::string& path, fault& why) {
  const std::wstring given = widen(path);
  if (starts_with(given, verbatim_prefix)) return path;
  std::string result = narrow(full_path(given));
  if (!result.empty()) return result;
  const DWORD error = GetLastError();
  refuse(why, cause_of(error, errc::file_unreadable), "GetFullPathNameW", error, path);
  return path;
}

namespace {

std::wstring short_folder(const std::wstring& folder) {
  return grow(
      [&folder](wchar_t* buffer, DWORD size) { return GetShortPathNameW(folder.c_str(), buffer, size); });
}

} // namespace

// Of a drive only. A path that the system would tidy up (a folder that ends in a dot) means something else
// without the prefix.
std::wstring without_prefix(const std::wstring& path) {
  if (!starts_with(path, verbatim_prefix) || path.find(L':') != verbatim_prefix.size() + 1) return path;
  const std::size_t slash = path.rfind(L'\\') + 1;
  for (const std::wstring& folder : {path.substr(0, slash), short_folder(path.substr(0, slash))}) {
    if (folder.empty()) continue;
    const std::wstring plain = folder.substr(verbatim_prefix.size()) + path.substr(slash);
    if (plain.size() + 1 < MAX_PATH && full_path(plain) == plain) return plain; // a dot fits behind it
  }
  return path;
}

namespace {

// \\?\Volume{...}\folder
std::wstring volume_folder(const std::wstring& folder) {
  wchar_t root[] = L"?:\\", volume[64]; // the name of a volume has 49 characters
  if (folder.size() < 3 || folder[1] != L':') return {};
  root[0] = folder[0];
  if (GetVolumeNameForVolumeMountPointW(root, volume, 64) == 0) return {};
  return volume + folder.substr(3);
}

// Other names of a folder, best first. Short names are taken for the whole way, and for ever shorter
// beginnings of it.
std::vector<std::wstring> other_folders(const std::wstring& folder) {
  std::vector<std::wstring> found;
  const auto add = [&](std::wstring other) {
    if (other != folder && std::ranges::find(found, other) == found.end()) found.push_back(std::move(other));
  };
  add(verbatim(folder));
  if (std::wstring volume = volume_folder(folder); !volume.empty()) add(std::move(volume));
  for (std::size_t end = folder.size(); end > 1; end = folder.rfind(L'\\', end - 2) + 1) // 0 if there is none
    if (const std::wstring shorter = short_folder(folder.substr(0, end)); !shorter.empty())
      add(shorter + folder.substr(end));
  return found;
}

} // namespace

// The loader compares full names first, and then files. A name that it has not seen makes it open the file,
// and find that it is not the one that it has. These names are known: with the prefix
// \\?\ (GetModuleFileNameW documents that it is kept), with the volume's own name, with the folders' 8.3
// names (where the volume has them); the file's own name stays. Windows' loader knows the first from the
// plain name; Wine's only those with 8.3 names. A name that does not lead to the same file is left out, and
// when all are used up the plain path comes back: the old image then answers, and the caller says so.
std::string respell(const std::string& path, unsigned attempt) {
  const std::wstring plain = system_path(path);
  const std::size_t slash = plain.rfind(L'\\');
  const std::wstring folder = plain.substr(0, slash + 1), name = plain.substr(slash + 1);
  file_identity wanted, seen;
  fault ignored;
  if (!identify(path, wanted, ignored)) return path;
  for (const std::wstring& other : other_folders(folder)) {
    std::string spelled = narrow(other + name);
    if (!identify(spelled, seen, ignored) || !(seen == wanted)) continue;
    if (--attempt == 0) return spelled;
  }
  return path;
}

// A name with an extension of its own (.ocx, .vst3) is also tried as it is, last: its dot may be part of the
// name.
std::vector<std::string> decorate(std::string_view name) {
  const std::string bare(name);
  if (ends_with_ignoring_case(name, ".dll")) return {bare};
  std::vector<std::string> files{bare + ".dll"};
  if (bare.compare(0, 3, "lib") != 0) files.push_back("lib" + bare + ".dll");
  if (bare.find('.') != std::string::npos) files.push_back(bare);
  return files;
}

std::vector<std::string> loader_path() { return {}; } // LoadLibraryEx is told where to look

} // namespace tenure::inline v1::os
