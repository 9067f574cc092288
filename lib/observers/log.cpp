#include "observers/line.hpp"

#include <tenure/detail/count.hpp>
#include <tenure/observers/log.hpp>

namespace tenure::inline v1 {

void event_log::operator()(const event& e) noexcept {
  constexpr std::size_t longest = 2'000; // bytes
  char line[longest];
  const std::size_t size = detail::write_line(e, line, longest);
  if (std::fwrite(line, 1, size, out_) != size) static_cast<void>(detail::take_number(refused_));
}

std::uint64_t event_log::refused() const noexcept { return detail::glance(refused_); }

} // namespace tenure::inline v1
