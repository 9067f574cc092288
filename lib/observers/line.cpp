#include "observers/line.hpp"

#include <tenure/format.hpp>

#include <algorithm>
#include <cstring>

namespace tenure::inline v1::detail {

std::size_t write_line(const event& e, char* line, std::size_t size) noexcept {
  const std::size_t room = size - 1;
  const std::size_t wanted = fmt::format_to_n(line, room, "{}", e).size;
  const std::size_t end = std::min(wanted, room);
  if (wanted > room) std::memcpy(line + end - 3, "...", 3);
  std::replace_if(
      line, line + end, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  line[end] = '\n';
  return end + 1;
}

} // namespace tenure::inline v1::detail
