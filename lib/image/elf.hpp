// ELF as this library sees it: numbers of the format, headers and segments in one shape for all classes.
#ifndef TENURE_LIB_IMAGE_ELF_HPP
#define TENURE_LIB_IMAGE_ELF_HPP

#include "part_reader.hpp"

#include <array>

namespace tenure::inline v1::image::elf {

// e_ident
inline constexpr std::string_view magic = "\x7f"
                                          "ELF";
inline constexpr std::uint64_t ident_class = 4;
inline constexpr std::uint64_t ident_data = 5;
inline constexpr std::uint64_t ident_version = 6;
inline constexpr std::uint8_t class_32 = 1;
inline constexpr std::uint8_t class_64 = 2;
inline constexpr std::uint8_t data_little = 1;
inline constexpr std::uint8_t data_big = 2;
inline constexpr std::uint8_t version_current = 1;

// e_type
inline constexpr std::uint16_t type_relocatable = 1;
inline constexpr std::uint16_t type_executable = 2;
inline constexpr std::uint16_t type_dynamic = 3;
inline constexpr std::uint16_t type_core = 4;

// p_type, p_flags
inline constexpr std::uint32_t segment_load = 1;
inline constexpr std::uint32_t segment_dynamic = 2;
inline constexpr std::uint32_t segment_note = 4;
inline constexpr std::uint32_t segment_program_headers = 6;
inline constexpr std::uint32_t segment_tls = 7;
inline constexpr std::uint32_t segment_relro = 0x6474e552;
inline constexpr std::uint32_t segment_property = 0x6474e553;
inline constexpr std::uint32_t may_execute = 1;
inline constexpr std::uint32_t may_write = 2;

// d_tag
inline constexpr std::uint64_t tag_null = 0;
inline constexpr std::uint64_t tag_needed = 1;
inline constexpr std::uint64_t tag_pltrelsz = 2;
inline constexpr std::uint64_t tag_pltgot = 3;
inline constexpr std::uint64_t tag_hash = 4;
inline constexpr std::uint64_t tag_strtab = 5;
inline constexpr std::uint64_t tag_symtab = 6;
inline constexpr std::uint64_t tag_rela = 7;
inline constexpr std::uint64_t tag_relasz = 8;
inline constexpr std::uint64_t tag_relaent = 9;
inline constexpr std::uint64_t tag_strsz = 10;
inline constexpr std::uint64_t tag_syment = 11;
inline constexpr std::uint64_t tag_init = 12;
inline constexpr std::uint64_t tag_fini = 13;
inline constexpr std::uint64_t tag_soname = 14;
inline constexpr std::uint64_t tag_rpath = 15;
inline constexpr std::uint64_t tag_rel = 17;
inline constexpr std::uint64_t tag_relsz = 18;
inline constexpr std::uint64_t tag_relent = 19;
inline constexpr std::uint64_t tag_pltrel = 20;
inline constexpr std::uint64_t tag_textrel = 22;
inline constexpr std::uint64_t tag_jmprel = 23;
inline constexpr std::uint64_t tag_init_array = 25;
inline constexpr std::uint64_t tag_fini_array = 26;
inline constexpr std::uint64_t tag_init_arraysz = 27;
inline constexpr std::uint64_t tag_fini_arraysz = 28;
inline constexpr std::uint64_t tag_runpath = 29;
inline constexpr std::uint64_t tag_flags = 30;
inline constexpr std::uint64_t tag_relrsz = 35;
inline constexpr std::uint64_t tag_relr = 36;
inline constexpr std::uint64_t tag_relrent = 37;
inline constexpr std::uint64_t tag_gnu_hash = 0x6ffffef5;
inline constexpr std::uint64_t tag_versym = 0x6ffffff0;
inline constexpr std::uint64_t tag_relacount = 0x6ffffff9;
inline constexpr std::uint64_t tag_relcount = 0x6ffffffa;
inline constexpr std::uint64_t tag_flags_1 = 0x6ffffffb;
inline constexpr std::uint64_t tag_verdef = 0x6ffffffc;
inline constexpr std::uint64_t tag_verdefnum = 0x6ffffffd;
inline constexpr std::uint64_t tag_verneed = 0x6ffffffe;
inline constexpr std::uint64_t tag_verneednum = 0x6fffffff;
inline constexpr std::uint64_t tag_auxiliary = 0x7ffffffd;
inline constexpr std::uint64_t tag_filter = 0x7fffffff;

// values of DT_FLAGS and DT_FLAGS_1
inline constexpr std::uint64_t flag_textrel = 0x4;
inline constexpr std::uint64_t flag_static_tls = 0x10;
inline constexpr std::uint64_t flag_1_nodelete = 0x8;
inline constexpr std::uint64_t flag_1_pie = 0x08000000;

/// The file header, the same for both classes.
struct header {
  bool wide = false; ///< 64-bit
  byte_order order = byte_order::little;
  std::uint16_t type = 0, machine = 0;
  std::uint32_t version = 0;
  std::uint64_t phoff = 0, shoff = 0;
  std::uint16_t phentsize = 0, phnum = 0, shentsize = 0, shnum = 0, shstrndx = 0;

  std::uint64_t word_size() const noexcept { return wide ? 8 : 4; }
};

/// A program header; `at` is where it stands in the file.
struct segment {
  std::uint32_t type = 0, flags = 0;
  std::uint64_t offset = 0, vaddr = 0, filesz = 0, memsz = 0, align = 0, at = 0;

  std::uint64_t end() const noexcept { return vaddr + memsz; } ///< checked not to wrap by `check_segment`
  bool has(std::uint64_t address, std::uint64_t count) const noexcept {
    return address >= vaddr && address - vaddr <= memsz && count <= memsz - (address - vaddr);
  }
  bool has_in_file(std::uint64_t address, std::uint64_t count) const noexcept {
    return address >= vaddr && address - vaddr <= filesz && count <= filesz - (address - vaddr);
  }
};

/// The file header and what the loader maps.
struct layout {
  // A library has 2 to 6 of them; more than 64 exist in no file that we met.
  static constexpr std::size_t max_loads = 64;

  header head;
  bytes program_headers; ///< the table
  segment dynamic, tls, relro;
  std::size_t load_count = 0;
  std::array<segment, max_loads> load_storage; ///< not initialised beyond `load_count`

  std::span<const segment> loads() const noexcept { return {load_storage.data(), load_count}; }
  std::uint64_t lowest() const noexcept { return load_storage[0].vaddr; }
  std::uint64_t highest() const noexcept { return load_storage[load_count - 1].end(); }

  /// The segment with all of these bytes in memory; null if there is none.
  const segment* find(std::uint64_t address, std::uint64_t count) const noexcept;
  /// As `find`, but the bytes must come from the file.
  const segment* find_in_file(std::uint64_t address, std::uint64_t count) const noexcept;
  bool is_code(std::uint64_t address) const noexcept;
  segment program_header(std::uint64_t index) const noexcept;
};

/// Sizes of the table entries, for both classes.
constexpr std::uint64_t program_header_size(bool wide) noexcept { return wide ? 56 : 32; }
constexpr std::uint64_t section_header_size(bool wide) noexcept { return wide ? 64 : 40; }
constexpr std::uint64_t dynamic_entry_size(bool wide) noexcept { return wide ? 16 : 8; }

/// More program headers than this are refused: a page holds 72 of the 64-bit class.
inline constexpr std::uint64_t max_program_headers = 128;
using program_header_memory = std::array<std::byte, max_program_headers * 56>;

header parse_header(bytes file) noexcept;

/// Sets the byte order that the file says it has. Pre: it begins with the magic.
void settle_order(part_reader& file) noexcept;

/// Reads and checks header and segments against the file's size; on success `into` is whole.
/// `memory` keeps the program headers if they are not where they usually are.
finding read_layout(part_reader& file, const target& process, program_header_memory& memory,
                    layout& into) noexcept;

finding check_headers(part_reader& file, const target& process) noexcept;
finding check_tables(part_reader& file, const target& process) noexcept;

} // namespace tenure::inline v1::image::elf

#endif
