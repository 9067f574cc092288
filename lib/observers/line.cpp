#include "observers/line.hpp"

#include <tenure/format.hpp>

#include <algorithm>
#include <cstring>

namespace tenure::inline v1::detail {

namespace {

// Where the last character that is whole ends: what is cut is cut between two.
std::size_t whole_characters(const char* line, std::size_t size) noexcept {
  std::size_t at = size;
  while (at != 0 && size - at < 4 && (static_cast<unsigned char>(line[at - 1]) & 0xc0U) == 0x80) --at;
  if (at == 0) return size;
  const std::size_t first = at - 1;
  return first_character(line + first, size - first).size == size - first ? size : first;
}

} // namespace

// The formatter leaves nothing that a terminal obeys.
std::size_t write_line(const event& e, char* line, std::size_t size) noexcept {
  const std::size_t room = size - 1;
  const std::size_t wanted = fmt::format_to_n(line, room, "{}", e).size;
  std::size_t end = std::min(wanted, room);
  if (wanted > room) {
    end = whole_characters(line, room - 3);
    std::memcpy(line + end, "...", 3);
    end += 3;
  }
  line[end] = '\n';
  return end + 1;
}

} // namespace tenure::inline v1::detail
