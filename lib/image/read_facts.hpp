// What the three formats contribute to `read_facts`.
#ifndef TENURE_LIB_IMAGE_READ_FACTS_HPP
#define TENURE_LIB_IMAGE_READ_FACTS_HPP

#include "part_reader.hpp"

namespace tenure::inline v1::image {

/// The objects by which a plug-in of Tenure tells what it is and what it offers (<tenure/plugin.h>), and the
/// bytes of them that matter.
inline constexpr std::string_view plugin_symbol = "tenure_plugin_info";
inline constexpr std::uint64_t plugin_info_size = 384;
inline constexpr std::string_view catalog_symbol = "tenure_plugin_catalog";
inline constexpr std::uint64_t catalog_head_size = 16;

/// Of the head and its rows; 0 if the head is not one, or is out of all proportion.
std::uint64_t catalog_size(const bytes& head) noexcept;

/// A report in the making.
struct fact_reader {
  part_reader&
      file; ///< has all of the file as its first part, so that its views are views of the caller's bytes
  const target& process;
  facts& into;
  text_budget names;

  /// True if there was a fault, which is kept unless it is known already.
  bool failed(const finding& fault);
  /// Takes what the plug-in's object of that name says. `bytes_at(count)` gives the first bytes at its place.
  template <class At> void read_plugin(std::string_view name, At&& bytes_at) {
    if (name == plugin_symbol) into.plugin_info = bytes_at(plugin_info_size).data();
    if (name != catalog_symbol) return;
    const auto size = catalog_size(bytes_at(catalog_head_size));
    if (size != 0) into.plugin_catalog = bytes_at(size).data();
    into.plugin_catalog_damaged = into.plugin_catalog.empty();
  }
};

namespace elf {
void read_facts(fact_reader&);
}
namespace pe {
void read_facts(fact_reader&);
}
namespace macho {
void read_facts(fact_reader&);
}

} // namespace tenure::inline v1::image

#endif
