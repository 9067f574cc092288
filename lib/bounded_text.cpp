#include "bounded_text.hpp"

#include <fmt/format.h>

namespace tenure::inline v1::detail {

void put_text_of(char* room, std::size_t size, fmt::string_view words, fmt::format_args args) noexcept {
  *fmt::vformat_to_n(room, size - 1, words, args).out = '\0';
}

} // namespace tenure::inline v1::detail
