// A folder of its own for a test, with copies of the test modules: a copy is another file, so another module.
#ifndef TENURE_TEST_SCRATCH_HPP
#define TENURE_TEST_SCRATCH_HPP

#include "support/modules.hpp"
#include "support/utf8.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#if defined(_WIN32)
#  include <process.h>
#  define TENURE_TEST_GETPID _getpid
#  define TENURE_TEST_LOCKS_LOADED_FILES true
#else
#  include <unistd.h>
#  define TENURE_TEST_GETPID getpid
#  define TENURE_TEST_LOCKS_LOADED_FILES false
#endif

namespace tenure_test {

// Whether the system refuses to delete a loaded module's file and to put another one in its place. All
// systems let it be renamed.
inline constexpr bool locks_loaded_files = TENURE_TEST_LOCKS_LOADED_FILES;

// The file of a test module, decorated as the build system did it.
inline std::string module_file(const std::string& name) {
  for (const char* const before : {"lib", ""})
    for (const char* const after : {".so", ".dll", ".dylib"}) {
      const std::string file = module_dir() + "/" + before + name + after;
      if (std::filesystem::exists(file)) return file;
    }
  throw std::runtime_error("no test module " + name + " in " + module_dir());
}

// What the system's modules end in; a bare name is decorated with it.
inline std::string module_suffix() {
  return std::filesystem::path(module_file("basic")).extension().string();
}

// Removed with all that is in it at the end of its scope.
class scratch {
public:
  scratch()
      : folder_(std::filesystem::temp_directory_path() / unique_name()) {
    std::filesystem::remove_all(folder_); // of a process that had this number, and left it behind
    std::filesystem::create_directories(folder_);
    folder_ = std::filesystem::canonical(folder_); // as the loader will name what lies in it
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    std::error_code ignored; // Windows does not remove what is still loaded
    std::filesystem::remove_all(folder_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::string path(const std::string& name) const {
    return utf8_of(folder_ / path_of_utf8(name));
  }

  // A copy of the test module `name`; its path.
  [[nodiscard]] std::string copy(const std::string& name) const { return copy(name, file_name(name)); }
  [[nodiscard]] std::string copy(const std::string& name, const std::string& as) const {
    std::filesystem::copy_file(module_file(name), folder_ / path_of_utf8(as));
    return path(as);
  }
  // Puts another file in the place of one that may be loaded, as installers do it.
  void replace(const std::string& file, const std::string& by_module) const {
    const std::filesystem::path fresh = folder_ / "fresh.tmp";
    std::filesystem::copy_file(module_file(by_module), fresh);
    if (locks_loaded_files) set_aside(file);
    std::filesystem::rename(fresh, path_of_utf8(file));
  }
  // Nothing is left at the place of a file that may be loaded: as uninstallers do it.
  void take_away(const std::string& file) const {
    if (locks_loaded_files)
      set_aside(file);
    else
      std::filesystem::remove(path_of_utf8(file));
  }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return path(name);
  }

private:
  void set_aside(const std::string& file) const {
    static std::atomic<int> next{0};
    std::filesystem::rename(path_of_utf8(file), folder_ / ("old-" + std::to_string(next++) + ".tmp"));
  }
  static std::string file_name(const std::string& name) {
    return std::filesystem::path(module_file(name)).filename().string();
  }
  static std::string unique_name() {
    static std::atomic<int> next{0};
    return "tenure-test-" + std::to_string(TENURE_TEST_GETPID()) + "-" + std::to_string(next++);
  }

  std::filesystem::path folder_;
};

} // namespace tenure_test

#endif
