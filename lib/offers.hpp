// What a plug-in says in its file that it offers: the rows of tenure_plugin_catalog.
#ifndef TENURE_LIB_OFFERS_HPP
#define TENURE_LIB_OFFERS_HPP

#include "image/bytes.hpp"

namespace tenure::inline v1::detail {

struct offer {
  std::string_view interface_name, name, match; // of the file's bytes
  std::uint32_t interface_version = 0, version = 0;
  std::uint64_t interface_size = 0;
};

// The offsets are those of <tenure/plugin.h>, which does not change them.
inline offer offer_of(const image::bytes& row) noexcept {
  return {row.text(0, 64), row.text(64, 64), row.text(128, 112), row.u32(240), row.u32(244), row.u64(248)};
}

template <class Do> void for_each_offer(const image::facts& file, Do&& act) {
  const image::bytes table(file.plugin_catalog, file.order);
  constexpr std::uint64_t head_size = 16;
  const std::uint64_t row_size = table.u32(8), rows = table.u32(12);
  for (std::uint64_t i = 0; i != rows; ++i) act(offer_of(table.part(head_size + i * row_size, row_size)));
}

} // namespace tenure::inline v1::detail

#endif
