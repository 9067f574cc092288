#include "module_files.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <stdlib.h>

namespace bench {

namespace fs = std::filesystem;

module_files::module_files(std::string built)
    : built_(std::move(built))
    , folder_(fs::temp_directory_path() / "tenure-speed-XXXXXX") {
  if (mkdtemp(folder_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), folder_);
}

module_files::~module_files() {
  std::error_code ignored; // what is left is the system's to remove
  fs::remove_all(folder_, ignored);
}

std::string module_files::copy(const std::string& name) {
  constexpr std::size_t suffix = 3; // ".so"
  const std::size_t used = folder_.size() + 1 + suffix;
  const std::size_t digits = used + 6 < path_length ? path_length - used : 6;
  std::string path = fmt::format("{}/{:0>{}}.so", folder_, made_++, digits);
  fs::copy_file(fs::path(built_) / (name + ".so"), path);
  return path;
}

std::vector<std::string> module_files::copies(const std::string& name, std::size_t count) {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i != count; ++i) paths.push_back(copy(name));
  return paths;
}

} // namespace bench
