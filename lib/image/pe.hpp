// PE as this library sees it: numbers of the format, the headers in one shape for PE32 and PE32+.
#ifndef TENURE_LIB_IMAGE_PE_HPP
#define TENURE_LIB_IMAGE_PE_HPP

#include "part_reader.hpp"

#include <array>

namespace tenure::inline v1::image::pe {

inline constexpr std::string_view dos_magic = "MZ";
inline constexpr std::uint64_t dos_header_size = 64;
inline constexpr std::uint64_t nt_offset_at = 0x3c;
inline constexpr std::uint32_t nt_signature = 0x00004550; // "PE", NUL, NUL
inline constexpr std::uint64_t file_header_size = 24;     // with the signature
inline constexpr std::uint64_t section_header_size = 40;
inline constexpr std::uint64_t symbol_size = 18;

inline constexpr std::uint16_t magic_32 = 0x10b;
inline constexpr std::uint16_t magic_64 = 0x20b;
inline constexpr std::uint16_t file_executable = 0x0002; // IMAGE_FILE_EXECUTABLE_IMAGE: linked without errors
inline constexpr std::uint16_t file_dll = 0x2000;
inline constexpr std::uint32_t section_executes = 0x20000000;

// Data directories by their place.
inline constexpr std::size_t directory_export = 0;
inline constexpr std::size_t directory_import = 1;
inline constexpr std::size_t directory_certificate = 4; // the only one whose address is a file offset
inline constexpr std::size_t directory_relocations = 5;
inline constexpr std::size_t directory_tls = 9;
inline constexpr std::size_t directory_bound_import = 11;
inline constexpr std::size_t directory_count = 16;

struct directory {
  std::uint32_t address = 0, size = 0;
};

struct section {
  std::uint32_t memory_size = 0, address = 0, file_size = 0, offset = 0, flags = 0;
  std::uint64_t at = 0; ///< of its header, in the file
};

struct layout {
  static constexpr std::size_t max_sections = 96; // Windows' own limit

  bool wide = false;
  std::uint16_t machine = 0, characteristics = 0, optional_size = 0, subsystem = 0, dll_characteristics = 0;
  std::uint64_t nt_at = 0, optional_at = 0, image_base = 0;
  std::uint32_t symbols_at = 0, symbol_count = 0;
  std::uint32_t entry = 0, section_alignment = 0, file_alignment = 0, image_size = 0, headers_size = 0;
  std::array<directory, directory_count> directories{};
  std::size_t section_count = 0;
  std::array<section, max_sections> section_storage; ///< not initialised beyond `section_count`

  std::span<const section> sections() const noexcept { return {section_storage.data(), section_count}; }
  std::uint64_t directory_at(std::size_t index) const noexcept {
    return optional_at + (wide ? 112 : 96) + 8 * index;
  }

  /// The section, or null, that holds these bytes of memory in the file.
  const section* find(std::uint64_t address, std::uint64_t count) const noexcept;
  bool is_code(std::uint64_t address) const noexcept;
};

/// The bytes of the file that come to lie from `address` on, up to the end of its section; empty if there are
/// none.
bytes view(const bytes& file, const layout&, std::uint64_t address) noexcept;

finding read_layout(part_reader& file, const target& process, layout& into) noexcept;
finding check(part_reader& file, level depth, const target& process) noexcept;

/// Pre: `file` is the whole file, `seen` was read from it without a finding.
finding check_tables(const bytes& file, const layout& seen) noexcept;

} // namespace tenure::inline v1::image::pe

#endif
