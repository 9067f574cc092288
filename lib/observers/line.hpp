// An event as one line of text.
#ifndef TENURE_LIB_OBSERVERS_LINE_HPP
#define TENURE_LIB_OBSERVERS_LINE_HPP

#include <tenure/event.hpp>

#include <cstddef>

namespace tenure::inline v1::detail {

// Fills `line`, a line break last, and returns how many bytes that are. What does not fit is cut, and "..."
// says so. Allocates nothing. Pre: size >= 64.
[[nodiscard]] std::size_t write_line(const event& e, char* line, std::size_t size) noexcept;

} // namespace tenure::inline v1::detail

#endif
