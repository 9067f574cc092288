// What level `tables` gathers about an ELF file: the dynamic section and the tables it leads to.
#ifndef TENURE_LIB_IMAGE_ELF_TABLES_HPP
#define TENURE_LIB_IMAGE_ELF_TABLES_HPP

#include "elf.hpp"

namespace tenure::inline v1::image::elf {

/// The dynamic section's entries by tag. Of a tag that may occur often (DT_NEEDED) it keeps the last.
class dynamic_section {
public:
  struct entry {
    std::uint64_t value = 0;
    std::uint64_t at = 0; ///< in the file; 0 if the tag does not occur
  };

  /// Pre: `raw` are the section's bytes, which stand at `offset` of the file.
  finding parse(const bytes& raw, bool wide, std::uint64_t offset) noexcept;

  bool has(std::uint64_t tag) const noexcept { return slots_[slot_of(tag)].at != 0; }
  std::uint64_t value(std::uint64_t tag) const noexcept { return slots_[slot_of(tag)].value; }
  std::uint64_t at(std::uint64_t tag) const noexcept { return slots_[slot_of(tag)].at; }

  /// Entries up to the final DT_NULL, in the file's order.
  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t tag_of(std::uint64_t index) const noexcept { return raw_.word(index * step(), wide_); }
  std::uint64_t value_of(std::uint64_t index) const noexcept {
    return raw_.word(index * step() + step() / 2, wide_);
  }
  std::uint64_t offset_of(std::uint64_t index) const noexcept { return offset_ + index * step(); }

  /// Android's packed relocations, which we do not read.
  bool has_packed_relocations() const noexcept { return packed_; }

private:
  static constexpr std::size_t standard_slots = 38; // DT_NULL to DT_RELRENT
  static constexpr std::size_t version_slots = 16;  // 0x6ffffff0 to 0x6fffffff
  static constexpr std::size_t gnu_hash_slot = standard_slots + version_slots;
  static constexpr std::size_t no_slot = gnu_hash_slot + 1; // always empty

  static std::size_t slot_of(std::uint64_t tag) noexcept;
  std::uint64_t step() const noexcept { return dynamic_entry_size(wide_); }
  finding keep(std::uint64_t index) noexcept;

  bytes raw_;
  std::uint64_t offset_ = 0, count_ = 0;
  bool wide_ = false, packed_ = false;
  std::array<entry, no_slot + 1> slots_{};
};

/// An entry of the dynamic symbol table.
struct symbol_entry {
  std::uint32_t name = 0;
  std::uint8_t info = 0, other = 0;
  std::uint16_t section = 0;
  std::uint64_t value = 0, size = 0;

  std::uint8_t type() const noexcept { return info & 0xf; }
  std::uint8_t binding() const noexcept { return info >> 4; }
  bool defined() const noexcept { return section != 0; }
};

inline constexpr std::uint8_t symbol_object = 1;
inline constexpr std::uint8_t symbol_function = 2;
inline constexpr std::uint8_t symbol_section = 3;
inline constexpr std::uint8_t symbol_file = 4;
inline constexpr std::uint8_t symbol_tls = 6;
inline constexpr std::uint8_t symbol_ifunc = 10;
inline constexpr std::uint8_t binding_local = 0;
inline constexpr std::uint8_t binding_weak = 2;
inline constexpr std::uint8_t binding_unique = 10;
inline constexpr std::uint16_t section_reserved = 0xff00;
inline constexpr std::uint16_t section_absolute = 0xfff1;
inline constexpr std::uint16_t section_common = 0xfff2;
inline constexpr std::uint16_t section_extended = 0xffff;

constexpr std::uint64_t symbol_size(bool wide) noexcept { return wide ? 24 : 16; }
symbol_entry parse_symbol(const bytes& table, std::uint64_t index, bool wide) noexcept;

/// Where the pieces of a note are, from the begin of its segment. Grows by at least 12 bytes from note to
/// note.
struct note_extent {
  std::uint32_t name_size = 0, description_size = 0, type = 0;
  std::uint64_t name_at = 0, description_at = 0, next = 0;
};
note_extent parse_note(const bytes& raw, std::uint64_t at, std::uint64_t alignment) noexcept;

/// A library's tables, as far as the checks before have found them sound.
struct tables {
  tables(part_reader& reader, const layout& seen) noexcept
      : file(reader)
      , map(seen) {}

  part_reader& file;
  const layout& map;
  dynamic_section dynamic;
  bytes strings;                  ///< whole, and ends in NUL
  bytes symbols;                  ///< `symbol_limit` entries
  std::uint64_t symbol_limit = 0; ///< no symbol has this index or a higher one
  bool symbols_counted = false;   ///< else `symbol_limit` is only what fits

  bool wide() const noexcept { return map.head.wide; }

  /// Bytes at an address, which must come from the file. `at` is where the file says so, for the finding.
  finding view(part where, std::uint64_t at, std::uint64_t address, std::uint64_t count,
               bytes& into) noexcept;
  std::uint64_t offset_of(std::uint64_t address) const noexcept;

  /// How many bytes a table at `address` can have before the next table or the end of its segment.
  std::uint64_t room_at(std::uint64_t address) const noexcept;
};

// Each leaves in `tables` what those after it rely on; in this order.
finding read_dynamic(tables&) noexcept;      // and which tags need which
finding read_strings(tables&) noexcept;      // and the names that the dynamic section uses
finding read_symbol_limit(tables&) noexcept; // from the hash tables, whose chains it checks
finding check_symbols(tables&) noexcept;
finding check_versions(tables&) noexcept;
finding check_relocations(tables&) noexcept; // and the initialisers that they point to
finding check_segments(tables&) noexcept;
finding check_sections(tables&) noexcept;

/// Told each version's index and the offset of its name, once.
struct version_sink {
  void* context = nullptr;
  void (*take)(void* context, unsigned index, std::uint32_t name) = nullptr;
};
finding read_version_names(tables&, version_sink);

/// The hash tables' part of `read_symbol_limit`: `count` becomes the number of symbols, if the table tells.
finding check_hash(tables&, std::uint64_t& count) noexcept;
finding check_gnu_hash(tables&, std::uint64_t& count) noexcept;
finding check_symbol(const tables&, std::uint64_t index) noexcept;

} // namespace tenure::inline v1::image::elf

#endif
