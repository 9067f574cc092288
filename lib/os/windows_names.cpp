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

// Also takes "." and ".." out and turns the slashes, in an absolute path too, so that equal paths look equal.
std::string make_absolute(const std::string& path, fault& why) {
  const std::wstring given = widen(path);
  if (starts_with(given, verbatim_prefix)) return path;
  const std::wstring full = grow([&given](wchar_t* buffer, DWORD size) {
    return GetFullPathNameW(given.c_str(), size, buffer, nullptr);
  });
  std::string result = narrow(full);
  if (!result.empty()) return result;
  const DWORD error = GetLastError();
  refuse(why, cause_of(error, errc::file_unreadable), "GetFullPathNameW", error, path);
  return path;
}

// The folder of the same file, by the other names that the system gives it, and the file's own name.
namespace {

std::wstring short_folder(const std::wstring& folder) {
  return grow(
      [&folder](wchar_t* buffer, DWORD size) { return GetShortPathNameW(folder.c_str(), buffer, size); });
}

// \\?\Volume{...}\folder
std::wstring volume_folder(const std::wstring& folder) {
  wchar_t root[] = L"?:\\", volume[64]; // the name of a volume has 49 characters
  if (folder.size() < 3 || folder[1] != L':') return {};
  root[0] = folder[0];
  if (GetVolumeNameForVolumeMountPointW(root, volume, 64) == 0) return {};
  return volume + folder.substr(3);
}

} // namespace

// The loader compares full names first, and then files. A name that it has not seen makes it open the file,
// and find that it is not the one that it has. These names are known: with the prefix
// \\?\ (GetModuleFileNameW documents that it is kept), with the folder's 8.3 names (where the volume has
// them), with the volume's own name. The file's own name stays, so that is_mapped can compare it. Windows'
// loader knows the first from the plain name; Wine's only the second. A name that does not lead to the same
// file is left out, and when all are used up the plain path comes back: the old image then answers, and the
// caller says so.
std::string respell(const std::string& path, unsigned attempt) {
  const std::wstring plain = system_path(path);
  const std::size_t slash = plain.rfind(L'\\');
  const std::wstring folder = plain.substr(0, slash + 1), name = plain.substr(slash + 1);
  file_identity wanted, seen;
  fault ignored;
  if (!identify(path, wanted, ignored)) return path;
  for (const std::wstring& other : {verbatim(folder), short_folder(folder), volume_folder(folder)}) {
    if (other.empty() || other == folder) continue;
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

} // namespace tenure::inline v1::os
