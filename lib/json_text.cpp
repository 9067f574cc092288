#include "json_text.hpp"

#include <tenure/detail/printable.hpp>

#include <fmt/core.h>

#include <cstring>

namespace tenure::inline v1 {
namespace detail {
namespace {

void append_character(std::string& out, std::string_view bytes, std::uint32_t code) {
  if (code == '"' || code == '\\') out += '\\';
  if (is_unprintable(code))
    out += fmt::format("\\u{:04x}", code);
  else
    out += bytes;
}

} // namespace

std::string json_text(std::string_view words) {
  std::string out = "\"";
  while (!words.empty()) {
    const auto [code, size] = first_character(words.data(), words.size());
    if (size == 0)
      out += "\\ufffd";
    else
      append_character(out, words.substr(0, size), code);
    words.remove_prefix(size != 0 ? size : 1);
  }
  return out += '"';
}

text to_text(const std::string& words) {
  char* const copy = new char[words.size() + 1];
  std::memcpy(copy, words.c_str(), words.size() + 1);
  return {copy, words.size()};
}

} // namespace detail

void text::free_characters() noexcept { delete[] characters_; }

} // namespace tenure::inline v1
