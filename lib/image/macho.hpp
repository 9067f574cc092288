// Mach-O as this library sees it: numbers of the format, one slice, and a walk over its load commands.
#ifndef TENURE_LIB_IMAGE_MACHO_HPP
#define TENURE_LIB_IMAGE_MACHO_HPP

#include "part_reader.hpp"

#include <array>
#include <vector>

namespace tenure::inline v1::image::macho {

inline constexpr std::uint32_t magic_32 = 0xfeedface;
inline constexpr std::uint32_t magic_64 = 0xfeedfacf;
inline constexpr std::uint32_t magic_universal = 0xcafebabe; // and the next number with 64-bit offsets
inline constexpr std::uint32_t magic_universal_64 = 0xcafebabf;

// filetype
inline constexpr std::uint32_t type_object = 1;
inline constexpr std::uint32_t type_executable = 2;
inline constexpr std::uint32_t type_core = 4;
inline constexpr std::uint32_t type_dylib = 6;
inline constexpr std::uint32_t type_bundle = 8;
inline constexpr std::uint32_t type_dsym = 10;

// Load commands; the top bit says that dyld must know it.
inline constexpr std::uint32_t command_segment = 0x1;
inline constexpr std::uint32_t command_symtab = 0x2;
inline constexpr std::uint32_t command_dysymtab = 0xb;
inline constexpr std::uint32_t command_load_dylib = 0xc;
inline constexpr std::uint32_t command_id_dylib = 0xd;
inline constexpr std::uint32_t command_segment_64 = 0x19;
inline constexpr std::uint32_t command_uuid = 0x1b;
inline constexpr std::uint32_t command_rpath = 0x8000001c;
inline constexpr std::uint32_t command_code_signature = 0x1d;
inline constexpr std::uint32_t command_split_info = 0x1e;
inline constexpr std::uint32_t command_dyld_info = 0x22;
inline constexpr std::uint32_t command_dyld_info_only = 0x80000022;
inline constexpr std::uint32_t command_function_starts = 0x26;
inline constexpr std::uint32_t command_data_in_code = 0x29;
inline constexpr std::uint32_t command_exports_trie = 0x80000033;
inline constexpr std::uint32_t command_chained_fixups = 0x80000034;
inline constexpr std::uint32_t command_load_weak_dylib = 0x80000018;
inline constexpr std::uint32_t command_reexport_dylib = 0x8000001f;
inline constexpr std::uint32_t command_load_upward_dylib = 0x80000023;

/// One library of the file: all of a thin file, a part of a universal one. Offsets inside count from `begin`.
struct slice {
  std::uint64_t begin = 0, size = 0;
};

struct header {
  bool wide = false;
  std::uint32_t cpu = 0, type = 0, commands = 0, commands_size = 0;
  std::uint64_t size() const noexcept { return wide ? 32 : 28; }
};

/// A load command; `fields` is its beginning, as much as the walk was asked to read of it.
struct command {
  std::uint32_t kind = 0;
  std::uint64_t size = 0, at = 0; ///< `at` from the slice's begin
  bytes fields;
};

struct segment {
  std::string_view name;
  std::uint64_t address = 0, memory_size = 0, offset = 0, file_size = 0;
  std::uint32_t protection = 0, sections = 0;
};

struct section {
  std::uint64_t address = 0, size = 0, offset = 0;
  std::uint32_t align = 0, flags = 0;
  std::uint32_t type() const noexcept { return flags & 0xff; }
  bool in_file() const noexcept; ///< not one of zeros
};
inline constexpr std::uint32_t section_mod_init = 9;  // pointers to initialisers
inline constexpr std::uint32_t section_mod_term = 10; // pointers to finalisers
inline constexpr std::uint32_t section_zeros = 1;
inline constexpr std::uint32_t section_large_zeros = 12;
inline constexpr std::uint32_t section_tls_data = 17;
inline constexpr std::uint32_t section_tls_zeros = 18;
inline constexpr std::uint32_t section_init_offsets = 22; // 32-bit offsets of initialisers

struct symbol_table {
  std::uint32_t symbols_at = 0, count = 0, strings_at = 0, strings_size = 0;
};

constexpr std::uint64_t segment_size(bool wide) noexcept { return wide ? 72 : 56; }
constexpr std::uint64_t section_size(bool wide) noexcept { return wide ? 80 : 68; }
constexpr std::uint64_t symbol_size(bool wide) noexcept { return wide ? 16 : 12; }

bool recognise(const bytes& first) noexcept;
/// A Java class has the magic number of a universal file, and its version where that has its count.
bool is_java_class(const bytes& first) noexcept;

/// The slice for `process`; if there is none, a finding, and the first slice.
finding find_slice(part_reader& file, const target& process, slice& into) noexcept;
/// The machine of each slice; none of a thin file. Pre: find_slice found no damage.
std::vector<std::uint32_t> machines_of_slices(part_reader& file);

/// Also settles the byte order of `file`.
finding read_header(part_reader& file, const slice&, header& into) noexcept;
finding check_header(const header&, const slice&, byte_order, const target& process) noexcept;

segment parse_segment(const command&, bool wide) noexcept;
/// Pre: `each.fields` is the whole command.
section parse_section(const command& each, std::uint64_t index, bool wide) noexcept;
symbol_table parse_symbol_table(const command&) noexcept;

/// The load commands in turn, without recursion or memory of their own beyond a small buffer.
class command_walk {
public:
  static constexpr std::uint64_t brief = 80; // the fixed fields of every command that we know

  command_walk(part_reader& file, const slice& where, const header& head) noexcept
      : file_(file)
      , where_(where)
      , head_(head)
      , at_(head.size()) {}

  /// False at the end and after a fault, which `fault` tells then.
  bool next(command& into) noexcept;
  const finding& fault() const noexcept { return fault_; }

private:
  bool fail(cause what, std::uint64_t found, std::uint64_t expected) noexcept;

  part_reader& file_;
  const slice& where_;
  const header& head_;
  std::uint64_t at_;
  std::uint32_t done_ = 0;
  finding fault_;
  std::array<std::byte, brief> memory_;
};

finding check(part_reader& file, level depth, const target& process) noexcept;

/// Pre: the load commands were checked.
finding check_tables(part_reader& file, const slice&, const header&) noexcept;

} // namespace tenure::inline v1::image::macho

#endif
