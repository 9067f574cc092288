// Text in room of a fixed size: where nothing may fail, and no memory is asked for.
#ifndef TENURE_LIB_BOUNDED_TEXT_HPP
#define TENURE_LIB_BOUNDED_TEXT_HPP

#include <fmt/core.h>

#include <cstddef>

namespace tenure::inline v1::detail {

// As put_text, with the arguments already together. One place for all: GCC and clang 14 do not agree on the
// name that fmt's function has in a library.
void put_text_of(char* room, std::size_t size, fmt::string_view words, fmt::format_args args) noexcept;

// Writes the text and the zero that ends it; what does not fit into `size` bytes is cut off.
template <class... Args>
void put_text(char* room, std::size_t size, fmt::format_string<Args...> words, Args&&... args) noexcept {
  put_text_of(room, size, words, fmt::make_format_args(args...));
}

} // namespace tenure::inline v1::detail

#endif
