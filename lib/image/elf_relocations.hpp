// ELF: what the relocation types mean that a loader gives a meaning of its own.
#ifndef TENURE_LIB_IMAGE_ELF_RELOCATIONS_HPP
#define TENURE_LIB_IMAGE_ELF_RELOCATIONS_HPP

#include "elf_tables.hpp"

namespace tenure::inline v1::image::elf {

/// The types of one processor. 0 stands for "has none".
struct relocation_rules {
  std::uint16_t machine = 0;
  std::uint32_t relative = 0, irelative = 0, copy = 0, got_entry = 0, plt_entry = 0, absolute = 0;
};

/// Null for a processor that we do not know so closely; its relocations are checked for their ranges only.
const relocation_rules* rules_for(const header& head) noexcept;

struct relocation {
  std::uint64_t at = 0; ///< in the file
  std::uint64_t target = 0;
  std::uint32_t type = 0;
  std::uint64_t symbol = 0;
  std::uint64_t addend = 0;
  bool has_addend = false;
};

relocation parse_relocation(const bytes& table, std::uint64_t index, const header& head,
                            bool with_addend) noexcept;

/// Remembers which of a range of numbers occurred. Empty until `cover`; then one bit each.
class marks {
public:
  /// False if there is no memory for it.
  bool cover(std::uint64_t first, std::uint64_t count) noexcept;

  /// True if the number is in the range and was marked before.
  bool mark_again(std::uint64_t number) noexcept;

private:
  std::uint64_t first_ = 0, count_ = 0;
  std::unique_ptr<std::uint64_t[]> words_;
};

} // namespace tenure::inline v1::image::elf

#endif
