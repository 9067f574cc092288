// Printable text as a string of its own.
#ifndef TENURE_LIB_PRINTABLE_TEXT_HPP
#define TENURE_LIB_PRINTABLE_TEXT_HPP

#include <tenure/detail/printable.hpp>

#include <iterator>
#include <string>
#include <string_view>

namespace tenure::inline v1::detail {

[[nodiscard]] inline std::string printable(std::string_view words) {
  std::string out;
  out.reserve(words.size());
  write_printable(words.data(), words.size(), std::back_inserter(out));
  return out;
}

} // namespace tenure::inline v1::detail

#endif
