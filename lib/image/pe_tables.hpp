// PE: the tables behind the data directories, as both the check and the report read them.
#ifndef TENURE_LIB_IMAGE_PE_TABLES_HPP
#define TENURE_LIB_IMAGE_PE_TABLES_HPP

#include "pe.hpp"

namespace tenure::inline v1::image::pe {

struct export_table {
  std::uint32_t name = 0, functions = 0, names = 0;
  std::uint64_t at = 0; ///< of the directory, in the file
  bytes function_addresses, name_addresses, name_indices;
  directory range; ///< an address inside it forwards to another library
};
/// Pre: the directory is present.
finding read_exports(const bytes& file, const layout&, export_table& into) noexcept;

struct import_entry {
  std::uint32_t name = 0, lookup = 0, slots = 0;
  bool last() const noexcept { return name == 0 && slots == 0; }
};
inline constexpr std::uint64_t import_entry_size = 20;
import_entry parse_import(const bytes& table, std::uint64_t index) noexcept;

struct tls_table {
  std::uint64_t begin = 0, end = 0, index = 0, callbacks = 0; ///< addresses, relative to the image
  std::uint32_t zeros = 0, flags = 0;
};
/// Pre: the directory is present.
finding read_tls(const bytes& file, const layout&, tls_table& into) noexcept;

/// Where a directory's table stands in the file; 0 if it does not.
std::uint64_t offset_of(const layout&, std::size_t directory_index) noexcept;

} // namespace tenure::inline v1::image::pe

#endif
