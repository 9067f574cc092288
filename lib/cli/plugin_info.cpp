#include "plugin_info.hpp"

#include "offers.hpp"

#include <fmt/core.h>

namespace tenure::cli {
namespace {

std::vector<std::string> read_offers(const image::facts& f) {
  std::vector<std::string> offers;
  detail::for_each_offer(f, [&](const detail::offer& it) {
    offers.push_back(
        fmt::format("{} {}: {} {}", it.interface_name, it.interface_version, it.name, it.version));
    if (!it.match.empty()) offers.back() += fmt::format(" ({})", it.match);
  });
  return offers;
}

} // namespace

// The offsets are those of <tenure/plugin.h>, which does not change them.
std::optional<plugin_info> read_plugin_info(const image::facts& f) {
  constexpr std::string_view magic{"TENURE\n\0", 8};
  const image::bytes raw(f.plugin_info, f.order);
  if (!raw.starts_with(magic)) return std::nullopt;
  const auto text = [&](std::uint64_t at, std::uint64_t size) { return std::string(raw.text(at, size)); };
  return plugin_info{text(24, 64), text(88, 32), text(120, 64), text(184, 200),
                     raw.u32(8),   raw.u32(16),  read_offers(f)};
}

} // namespace tenure::cli
