#include "json_text.hpp"

#include <fmt/format.h>

#include <cstring>

namespace tenure::inline v1 {
namespace detail {
namespace {

bool continues(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// How many bytes the character at the beginning has; 0 if there is none. Overlong forms and surrogates are
// none.
std::size_t character_size(std::string_view at) noexcept {
  const auto first = static_cast<unsigned char>(at[0]);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at.size() < size) return 0;
  for (std::size_t i = 1; i != size; ++i)
    if (!continues(at[i])) return 0;
  const auto second = static_cast<unsigned char>(at[1]);
  const bool allowed = !(first == 0xe0 && second < 0xa0) && !(first == 0xed && second > 0x9f) &&
                       !(first == 0xf0 && second < 0x90) && !(first == 0xf4 && second > 0x8f);
  return allowed ? size : 0;
}

void append_character(std::string& out, std::string_view character) {
  const auto c = static_cast<unsigned char>(character[0]);
  if (c == '"' || c == '\\') out += '\\';
  if (c < 0x20 || c == 0x7f)
    out += fmt::format("\\u{:04x}", c);
  else
    out += character;
}

} // namespace

std::string json_text(std::string_view words) {
  std::string out = "\"";
  while (!words.empty()) {
    const std::size_t size = character_size(words);
    if (size == 0)
      out += "\\ufffd";
    else
      append_character(out, words.substr(0, size));
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
