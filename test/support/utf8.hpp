// Names in the tests are UTF-8, as in the library; Windows takes narrow ones for its code page.
#ifndef TENURE_TEST_UTF8_HPP
#define TENURE_TEST_UTF8_HPP

#include <filesystem>
#include <string>

namespace tenure_test {

inline std::filesystem::path path_of_utf8(const std::string& name) {
  return std::filesystem::path(std::u8string(name.begin(), name.end()));
}

inline std::string utf8_of(const std::filesystem::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

} // namespace tenure_test

#endif
