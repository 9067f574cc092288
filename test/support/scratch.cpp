// Apart from its header, which most tests include: <filesystem> takes longer to compile than many of them.
#include "support/scratch.hpp"

#include "support/utf8.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#if defined(_WIN32)
#  include <process.h>
#  define TENURE_TEST_GETPID _getpid
#else
#  include <unistd.h>
#  define TENURE_TEST_GETPID getpid
#endif

namespace tenure_test {
namespace {

namespace fs = std::filesystem;

std::string unique_name() {
  static std::atomic<int> next{0};
  return "tenure-test-" + std::to_string(TENURE_TEST_GETPID()) + "-" + std::to_string(next++);
}

std::string file_name(const std::string& file) { return utf8_of(path_of_utf8(file).filename()); }

void set_aside(const scratch& folder, const std::string& file) {
  static std::atomic<int> next{0};
  fs::rename(path_of_utf8(file), path_of_utf8(folder.path("old-" + std::to_string(next++) + ".tmp")));
}

} // namespace

std::string built_file(const std::string& folder, const std::string& name) {
  for (const char* const before : {"lib", ""})
    for (const char* const after : {".so", ".dll", ".dylib"})
      if (const std::string file = folder + "/" + before + name + after; fs::exists(path_of_utf8(file)))
        return file;
  return {};
}

std::string module_file(const std::string& name) {
  const std::string file = built_file(module_dir(), name);
  if (file.empty()) throw std::runtime_error("no test module " + name + " in " + module_dir());
  return file;
}

std::string module_suffix(const std::string& of) { return path_of_utf8(module_file(of)).extension().string(); }

scratch::scratch() {
  const fs::path folder = fs::temp_directory_path() / unique_name();
  fs::remove_all(folder); // of a process that had this number, and left it behind
  fs::create_directories(folder);
  folder_ = utf8_of(fs::canonical(folder)); // as the loader will name what lies in it
}

scratch::~scratch() {
  std::error_code ignored; // Windows does not remove what is still loaded
  fs::remove_all(path_of_utf8(folder_), ignored);
}

std::string scratch::path(const std::string& name) const {
  return utf8_of(path_of_utf8(folder_) / path_of_utf8(name));
}

std::string scratch::copy(const std::string& name, const std::string& as) const {
  fs::copy_file(path_of_utf8(module_file(name)), path_of_utf8(path(as)));
  return path(as);
}

std::string scratch::take(const std::string& file) const {
  fs::copy_file(path_of_utf8(file), path_of_utf8(path(file_name(file))));
  return path(file_name(file));
}

void scratch::replace(const std::string& file, const std::string& by_module) const {
  const std::string fresh = copy(by_module, "fresh.tmp");
  if (locks_loaded_files) set_aside(*this, file);
  fs::rename(path_of_utf8(fresh), path_of_utf8(file));
}

void scratch::take_away(const std::string& file) const {
  if (locks_loaded_files)
    set_aside(*this, file);
  else
    fs::remove(path_of_utf8(file));
}

std::string scratch::write(const std::string& name, const std::string& bytes) const {
  std::ofstream(path_of_utf8(path(name)), std::ios::binary) << bytes;
  return path(name);
}

} // namespace tenure_test
