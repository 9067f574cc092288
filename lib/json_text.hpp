// Texts as JSON has them.
#ifndef TENURE_LIB_JSON_TEXT_HPP
#define TENURE_LIB_JSON_TEXT_HPP

#include <tenure/text.hpp>

#include <string>
#include <string_view>

namespace tenure::inline v1::detail {

// In quotes. Paths may be any bytes: what is not UTF-8 becomes U+FFFD, one for each byte.
[[nodiscard]] std::string json_text(std::string_view words);

// For those who asked for it. Throws std::bad_alloc.
[[nodiscard]] text to_text(const std::string& words);

} // namespace tenure::inline v1::detail

#endif
