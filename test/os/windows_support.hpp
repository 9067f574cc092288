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

// An empty folder on the system's drive, removed with its content. Nothing of it may be loaded by then.
class work_folder {
public:
  work_folder() {
    static std::atomic<unsigned> count{0};
    path_ = fs::temp_directory_path() /
            ("tenure work folder " + std::to_string(GetCurrentProcessId()) + "-" + std::to_string(count++));
    fs::remove_all(path_); // of a process that had this number, and crashed
    fs::create_directories(path_);
  }
  work_folder(const work_folder&) = delete;
  work_folder& operator=(const work_folder&) = delete;
  ~work_folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  // A copy of a module in it.
  fs::path copy(const fs::path& from, const fs::path& name) const {
    fs::copy_file(from, path_ / name, fs::copy_options::overwrite_existing);
    return path_ / name;
  }
  fs::path copy(const fs::path& from) const { return copy(from, from.filename()); }

  fs::path write(const fs::path& name, std::string_view content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }

  const fs::path& path() const { return path_; }

private:
  fs::path path_;
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
