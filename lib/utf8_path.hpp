// Paths of std::filesystem, whose narrow form is not UTF-8 everywhere, from and to UTF-8.
#ifndef TENURE_LIB_UTF8_PATH_HPP
#define TENURE_LIB_UTF8_PATH_HPP

#include <filesystem>
#include <string>

namespace tenure::inline v1::detail {

inline std::filesystem::path path_of_utf8(const std::string& text) {
  return {std::u8string(text.begin(), text.end())};
}
inline std::string utf8_of(const std::filesystem::path& path) {
  const auto text = path.u8string();
  return {text.begin(), text.end()};
}

} // namespace tenure::inline v1::detail

#endif
