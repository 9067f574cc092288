// What the three formats contribute to `read_facts`.
#ifndef TENURE_LIB_IMAGE_READ_FACTS_HPP
#define TENURE_LIB_IMAGE_READ_FACTS_HPP

#include "part_reader.hpp"

namespace tenure::inline v1::image {

/// The object by which a plug-in of Tenure tells what it is (<tenure/plugin.h>), and the bytes of it that
/// matter.
inline constexpr std::string_view plugin_symbol = "tenure_plugin_info";
inline constexpr std::uint64_t plugin_info_size = 384;

/// A report in the making.
struct fact_reader {
  part_reader&
      file; ///< has all of the file as its first part, so that its views are views of the caller's bytes
  const target& process;
  facts& into;
  text_budget names;

  /// True if there was a fault, which is kept unless it is known already.
  bool failed(const finding& fault);
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
