// The modules that are loaded: copies, each with an inode of its own, in a temporary folder.
#ifndef TENURE_BENCH_SPEED_MODULE_FILES_HPP
#define TENURE_BENCH_SPEED_MODULE_FILES_HPP

#include <string>
#include <vector>

namespace bench {

// As long as the question about opening says.
inline constexpr std::size_t path_length = 60; // bytes

class module_files {
public:
  // `built`: where the modules of bench/modules were built. Errors: std::system_error.
  explicit module_files(std::string built);
  module_files(const module_files&) = delete;
  module_files& operator=(const module_files&) = delete;
  ~module_files();

  // A new copy of one of them. Errors: std::filesystem::filesystem_error.
  [[nodiscard]] std::string copy(const std::string& name);
  [[nodiscard]] std::vector<std::string> copies(const std::string& name, std::size_t count);
  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }

private:
  std::string built_, folder_;
  std::size_t made_ = 0;
};

} // namespace bench

#endif
