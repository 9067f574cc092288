// What the tests of the Windows port share.
#ifndef TENURE_TEST_OS_WINDOWS_SUPPORT_HPP
#define TENURE_TEST_OS_WINDOWS_SUPPORT_HPP

#include "support/modules.hpp"

#include <tenure/tenure.hpp>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <windows.h>

namespace tenure_test {

namespace fs = std::filesystem;
using immediate = tenure::manager<tenure::policy::immediate>;

// A copy of a port's module, or of a common one, is made of these.
inline fs::path windows_module(const char* name) {
  return fs::path(std::getenv("TENURE_TEST_WINDOWS_MODULES")) / (std::string(name) + ".dll");
}
// Compilers differ in the prefix that they give it.
inline fs::path common_module(const char* name) {
  const std::string file = std::string(name) + ".dll";
  const fs::path plain = fs::path(module_dir()) / file;
  return fs::exists(plain) ? plain : fs::path(module_dir()) / ("lib" + file);
}

inline std::string utf8(const fs::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

// The path as the system's calls take it at any length.
inline std::wstring verbatim(const fs::path& path) { return L"\\\\?\\" + path.wstring(); }

// As fs::remove_all, whose calls take short paths only. What is loaded stays, with its folder.
inline void remove_tree(const std::wstring& folder) {
  WIN32_FIND_DATAW found;
  const HANDLE search = FindFirstFileW((folder + L"\\*").c_str(), &found);
  for (bool more = search != INVALID_HANDLE_VALUE; more; more = FindNextFileW(search, &found) != 0) {
    const std::wstring name = found.cFileName, path = folder + L"\\" + name;
    if (name == L"." || name == L"..") continue;
    if ((found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0)
      remove_tree(path);
    else
      DeleteFileW(path.c_str());
  }
  if (search != INVALID_HANDLE_VALUE) FindClose(search);
  RemoveDirectoryW(folder.c_str());
}

// An empty folder on the system's drive, removed with its content. Nothing of it may be loaded by then.
class work_folder {
public:
  work_folder() {
    static std::atomic<unsigned> count{0};
    path_ = fs::temp_directory_path() /
            ("tenure work folder " + std::to_string(GetCurrentProcessId()) + "-" + std::to_string(count++));
    remove_tree(verbatim(path_)); // of a process that had this number, and crashed
    fs::create_directories(path_);
  }
  work_folder(const work_folder&) = delete;
  work_folder& operator=(const work_folder&) = delete;
  ~work_folder() { remove_tree(verbatim(path_)); }

  // A copy of a module in it.
  fs::path copy(const fs::path& from, const fs::path& name) const {
    fs::copy_file(from, path_ / name, fs::copy_options::overwrite_existing);
    return path_ / name;
  }
  fs::path copy(const fs::path& from) const { return copy(from, from.filename()); }

  // A copy with a path of exactly that many UTF-16 units.
  fs::path copy_to_length(const fs::path& from, std::size_t length, const std::wstring& name) const {
    std::wstring folder = path_.wstring();
    const auto lacking = [&] { return length - 1 - name.size() - folder.size(); };
    while (lacking() != 0) {
      folder += L'\\' + std::wstring(lacking() > 100 ? 49 : lacking() - 1, L'x');
      CreateDirectoryW(verbatim(folder).c_str(), nullptr);
    }
    const fs::path file = folder + L'\\' + name;
    CopyFileW(from.c_str(), verbatim(file).c_str(), TRUE);
    return file;
  }

  fs::path write(const fs::path& name, std::string_view content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }

  const fs::path& path() const { return path_; }

private:
  fs::path path_;
};

// For one scope: the process's current folder.
class current_folder {
public:
  explicit current_folder(const fs::path& folder)
      : before_(fs::current_path()) {
    fs::current_path(folder);
  }
  ~current_folder() { fs::current_path(before_); }

private:
  fs::path before_;
};

inline bool is_loaded(const fs::path& file) { return GetModuleHandleW(file.c_str()) != nullptr; }

// Whether text is valid UTF-8 without a line's end or a loose blank at its own end.
inline bool is_clean_text(std::string_view text) {
  const int size = static_cast<int>(text.size());
  return size != 0 && MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), size, nullptr, 0) > 0 &&
         text.find_first_of("\r\n") == std::string_view::npos && text.back() != ' ' && text.back() != '.';
}

} // namespace tenure_test

#endif
