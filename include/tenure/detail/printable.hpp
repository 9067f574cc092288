// Names of files and words of the system in texts for people: they may hold anything, and must not write on a
// terminal. One rule for all that prints them: the formatters, dumps, messages, the log and the command.
#ifndef TENURE_DETAIL_PRINTABLE_HPP
#define TENURE_DETAIL_PRINTABLE_HPP

#include <cstddef>
#include <cstdint>

namespace tenure::inline v1::detail {

// A character of UTF-8; `size` is 0 for a byte that begins none. Overlong forms and surrogates are none.
struct utf8_character {
  std::uint32_t code = 0;
  std::size_t size = 0;
};

// Pre: size != 0.
constexpr utf8_character first_character(const char* text, std::size_t size) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || size < wanted) return {};
  std::uint32_t code = first & (0x7fU >> wanted);
  for (std::size_t i = 1; i != wanted; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3fU);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool allowed = code >= least[wanted] && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return allowed ? utf8_character{code, wanted} : utf8_character{};
}

// Controls, which a terminal obeys, among them those of one character (C1); line and paragraph ends; and what
// changes the direction of the text around it.
constexpr bool is_unprintable(std::uint32_t code) noexcept {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x061c || code == 0x200e ||
         code == 0x200f || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

// Writes the text to an output iterator: what is unprintable as \x1b or \u202e, a byte that is no UTF-8 as
// \xff. A backslash stays as it is. Allocates nothing. Returns the iterator.
template <class Out> constexpr Out write_printable(const char* text, std::size_t size, Out out) {
  const auto escape = [&out](char kind, std::uint32_t code, int places) {
    constexpr const char* digits = "0123456789abcdef";
    *out++ = '\\', *out++ = kind;
    for (int shift = 4 * (places - 1); shift >= 0; shift -= 4) *out++ = digits[code >> shift & 0xf];
  };
  while (size != 0) {
    const utf8_character c = first_character(text, size);
    const std::size_t taken = c.size != 0 ? c.size : 1;
    if (c.size == 0)
      escape('x', static_cast<unsigned char>(*text), 2);
    else if (is_unprintable(c.code))
      escape(c.code < 0x80 ? 'x' : 'u', c.code, c.code < 0x80 ? 2 : 4);
    else
      for (std::size_t i = 0; i != taken; ++i) *out++ = text[i];
    text += taken, size -= taken;
  }
  return out;
}

} // namespace tenure::inline v1::detail

#endif
