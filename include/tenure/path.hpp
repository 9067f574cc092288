// A borrowed path or name: whatever a program has, without making it include <filesystem>, <string> or
// <string_view>.
#ifndef TENURE_PATH_HPP
#define TENURE_PATH_HPP

#include <cstddef>
#include <cstdint>

namespace tenure::inline v1 {
namespace detail {

template <class C> inline constexpr std::uint8_t unit_width = 0; // 0: not a character of a path
template <> inline constexpr std::uint8_t unit_width<char> = 1;
template <> inline constexpr std::uint8_t unit_width<char8_t> = 1;
template <> inline constexpr std::uint8_t unit_width<char16_t> = 2;
template <> inline constexpr std::uint8_t unit_width<wchar_t> = sizeof(wchar_t);

template <class S> using unit_of = typename S::value_type;

template <class S>
concept string_like = requires(const S& s) {
  s.data();
  s.size();
}
&&unit_width<unit_of<S>> != 0;

template <class S>
concept filesystem_path = requires(const S& s) {
  s.native().data();
}
&&unit_width<unit_of<S>> != 0;

template <class C> constexpr std::size_t length_of(const C* s) noexcept {
  std::size_t n = 0;
  while (s != nullptr && s[n] != C{}) ++n;
  return n;
}

} // namespace detail

// A view of a path or a module's name. Narrow text is UTF-8 on Windows and bytes as they are elsewhere; wide
// text is UTF-16 or UTF-32 by its width. When not to use it: as a member. It owns nothing and must not
// outlive the string that it was made of. Obtained from: a literal, std::string, std::string_view, their wide
// and u8 forms, std::filesystem::path.
class path_view {
public:
  // From a literal, or text that ends with a NUL. Null is an empty path.
  template <class C>
  requires(detail::unit_width<C> != 0) constexpr path_view(
      const C* text) noexcept // NOLINT(google-explicit-constructor): a literal is a path
      : path_view(text, detail::length_of(text), detail::unit_width<C>) {}

  // From a string or a view of one.
  template <detail::string_like S>
  constexpr path_view(const S& text) noexcept // NOLINT(google-explicit-constructor)
      : path_view(text.data(), text.size(), detail::unit_width<detail::unit_of<S>>) {}

  // From std::filesystem::path, and what is like it.
  template <detail::filesystem_path P>
  constexpr path_view(const P& path) noexcept // NOLINT(google-explicit-constructor)
      : path_view(path.native().data(), path.native().size(), detail::unit_width<detail::unit_of<P>>) {}

  // The first character, as raw memory; `size()` characters of `width()` bytes each follow.
  [[nodiscard]] constexpr const void* data() const noexcept { return data_; }
  // In characters.
  [[nodiscard]] constexpr std::size_t size() const noexcept { return shape_ / widths; }
  // Of a character, in bytes: 1, 2 or 4.
  [[nodiscard]] constexpr std::uint8_t width() const noexcept { return static_cast<std::uint8_t>(shape_ % widths); }

private:
  static constexpr std::size_t widths = 8; // 1, 2 or 4 in the low bits: two words in all, which travel in registers
  constexpr path_view(const void* text, std::size_t size, std::uint8_t width) noexcept
      : data_(text)
      , shape_(size * widths + width) {}

  const void* data_;
  std::size_t shape_;
};

// A view of a symbol's name: NUL-terminated bytes, as the loader wants them.
// Obtained from: a literal or anything with c_str().
class name_view {
public:
  // From a literal, or text that ends with a NUL. Null is the empty name, which no module has.
  constexpr name_view(const char* text) noexcept // NOLINT(google-explicit-constructor)
      : text_(text != nullptr ? text : "")
      , size_(__builtin_strlen(text_)) {} // known when the program is compiled, if `text` is
  // From whatever has c_str().
  template <class S>
  requires requires(const S& s) { static_cast<const char*>(s.c_str()); }
  constexpr name_view(const S& text) noexcept // NOLINT(google-explicit-constructor)
      : name_view(static_cast<const char*>(text.c_str())) {}

  // Never null.
  [[nodiscard]] constexpr const char* c_str() const noexcept { return text_; }
  // In bytes, without the NUL.
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }

private:
  const char* text_;
  std::size_t size_;
};

} // namespace tenure::inline v1

#endif
