// PE: the headers, the sections, and whether the file holds all that they promise.
#include "pe.hpp"

#include "machine.hpp"

namespace tenure::inline v1::image::pe {
namespace {

finding check_extent(part where, std::uint64_t at, std::uint64_t begin, std::uint64_t count,
                     std::uint64_t file_size) noexcept {
  if (begin <= file_size && count <= file_size - begin) return {};
  return {cause::truncated, where, at, begin + count, file_size}; // all numbers here have 32 bits
}

finding check_machine(std::uint16_t machine, std::uint64_t at, const target& process) noexcept {
  if (process.machine == 0 || machine == process.machine) return {};
  return {cause::foreign_machine, part::header, at, foreign_machine_value(format::pe, 0, machine),
          process.machine};
}

finding read_file_header(part_reader& file, const target& process, layout& into) noexcept {
  if (auto bad = check_extent(part::dos_header, 0, 0, dos_header_size, file.file_size())) return bad;
  into.nt_at = file.first().u32(nt_offset_at);
  if (auto bad = check_extent(part::header, nt_offset_at, into.nt_at, file_header_size, file.file_size()))
    return bad;
  std::array<std::byte, file_header_size> memory;
  bytes head;
  if (auto bad = file.get(into.nt_at, file_header_size, memory, head)) return bad;
  if (head.u32(0) != nt_signature)
    return {cause::bad_value, part::header, into.nt_at, head.u32(0), nt_signature};
  into.machine = head.u16(4);
  into.section_count = head.u16(6);
  into.symbols_at = head.u32(12), into.symbol_count = head.u32(16);
  into.optional_size = head.u16(20), into.characteristics = head.u16(22);
  into.optional_at = into.nt_at + file_header_size;
  return check_machine(into.machine, into.nt_at + 4, process);
}

constexpr std::uint64_t fixed_optional_size(bool wide) noexcept { return wide ? 112 : 96; }

void parse_optional(const bytes& head, layout& into) noexcept {
  into.entry = head.u32(16);
  into.image_base = into.wide ? head.u64(24) : head.u32(28);
  into.section_alignment = head.u32(32), into.file_alignment = head.u32(36);
  into.image_size = head.u32(56), into.headers_size = head.u32(60);
  into.subsystem = head.u16(68), into.dll_characteristics = head.u16(70);
  const auto fixed = fixed_optional_size(into.wide);
  const auto promised = head.u32(fixed - 4);
  for (std::size_t i = 0; i < directory_count && i < promised; ++i)
    into.directories[i] = {head.u32(fixed + 8 * i), head.u32(fixed + 8 * i + 4)};
}

finding read_optional_header(part_reader& file, const target& process, layout& into) noexcept {
  constexpr std::uint64_t largest = 112 + 8 * directory_count;
  const auto at = into.optional_at;
  if (auto bad =
          check_extent(part::optional_header, into.nt_at + 20, at, into.optional_size, file.file_size()))
    return bad;
  std::array<std::byte, largest> memory;
  bytes head;
  const std::uint64_t size = into.optional_size;
  if (auto bad = file.get(at, size < largest ? size : largest, memory, head)) return bad;
  const auto magic = head.u16(0);
  if (magic != magic_32 && magic != magic_64)
    return {cause::bad_value, part::optional_header, at, magic, magic_64};
  into.wide = magic == magic_64;
  if (into.wide != (process.bits == 64))
    return {cause::foreign_class, part::optional_header, at, into.wide ? 64u : 32u, process.bits};
  const auto fixed = fixed_optional_size(into.wide);
  if (size < fixed) return {cause::out_of_range, part::optional_header, into.nt_at + 20, size, fixed};
  parse_optional(head, into);
  return {};
}

finding check_kind(const layout& seen) noexcept {
  const auto at = seen.nt_at + 22;
  const std::uint32_t flags = seen.characteristics;
  if ((flags & file_executable) == 0)
    return {cause::bad_value, part::header, at, flags, flags | file_executable};
  if ((flags & file_dll) == 0) return {cause::executable, part::header, at, flags, flags | file_dll};
  return {};
}

constexpr bool is_power_of_two(std::uint32_t value) noexcept {
  return value != 0 && (value & (value - 1)) == 0;
}

finding check_optional(const layout& seen, std::uint64_t file_size) noexcept {
  const auto at = seen.optional_at;
  if (!is_power_of_two(seen.file_alignment))
    return {cause::misaligned, part::optional_header, at + 36, seen.file_alignment, 512};
  if (!is_power_of_two(seen.section_alignment) || seen.section_alignment < seen.file_alignment)
    return {cause::misaligned, part::optional_header, at + 32, seen.section_alignment, seen.file_alignment};
  if (auto bad = check_extent(part::optional_header, at + 60, 0, seen.headers_size, file_size)) return bad;
  if (seen.entry >= seen.image_size)
    return {cause::out_of_range, part::optional_header, at + 16, seen.entry, seen.image_size};
  return {};
}

section parse_section(const bytes& table, std::uint64_t at) noexcept {
  section result;
  result.memory_size = table.u32(at + 8), result.address = table.u32(at + 12);
  result.file_size = table.u32(at + 16), result.offset = table.u32(at + 20);
  result.flags = table.u32(at + 36);
  return result;
}

finding check_section(const section& each, const layout& seen, std::uint64_t lowest,
                      std::uint64_t file_size) noexcept {
  if (each.file_size != 0)
    if (auto bad = check_extent(part::section, each.at, each.offset, each.file_size, file_size)) return bad;
  const std::uint64_t in_memory = each.memory_size != 0 ? each.memory_size : each.file_size;
  if (each.address % seen.section_alignment != 0)
    return {cause::misaligned, part::section, each.at, each.address, seen.section_alignment};
  if (each.address < lowest) return {cause::overlapping, part::section, each.at, each.address, lowest};
  if (in_memory > seen.image_size || each.address > seen.image_size - in_memory)
    return {cause::out_of_range, part::section, each.at, each.address + in_memory, seen.image_size};
  return {};
}

finding read_sections(part_reader& file, layout& into) noexcept {
  const auto at = into.optional_at + into.optional_size;
  const auto count = into.section_count;
  const auto size = count * section_header_size;
  into.section_count = 0;
  if (count == 0) return {cause::missing, part::section_headers, into.nt_at + 6, 0, 1};
  if (count > layout::max_sections)
    return {cause::too_many, part::section_headers, into.nt_at + 6, count, layout::max_sections};
  if (auto bad = check_extent(part::section_headers, into.nt_at + 6, at, size, file.file_size())) return bad;
  std::array<std::byte, layout::max_sections * section_header_size> memory;
  bytes table;
  if (auto bad = file.get(at, size, memory, table)) return bad;
  std::uint64_t lowest = into.section_alignment; // the headers take the first addresses
  for (std::size_t i = 0; i < count; ++i) {
    auto each = parse_section(table, i * section_header_size);
    each.at = at + i * section_header_size;
    if (auto bad = check_section(each, into, lowest, file.file_size())) return bad;
    lowest = std::uint64_t{each.address} + (each.memory_size != 0 ? each.memory_size : each.file_size);
    into.section_storage[into.section_count++] = each;
  }
  return {};
}

// What only tools read, but what a whole file has at its end.
finding check_tail(const layout& seen, std::uint64_t file_size) noexcept {
  if (seen.symbols_at != 0) {
    constexpr std::uint64_t string_table_length = 4;
    const auto size = seen.symbol_count * symbol_size + string_table_length;
    if (auto bad = check_extent(part::symbol_table, seen.nt_at + 12, seen.symbols_at, size, file_size))
      return bad;
  }
  const auto& signature = seen.directories[directory_certificate];
  if (signature.size == 0) return {};
  return check_extent(part::data_directory, seen.directory_at(directory_certificate), signature.address,
                      signature.size, file_size);
}

finding check_directory(const layout& seen, std::size_t index) noexcept {
  const auto& each = seen.directories[index];
  if (each.address == 0 || index == directory_certificate) return {};
  if (each.address <= seen.image_size && each.size <= seen.image_size - each.address) return {};
  return {cause::out_of_range, part::data_directory, seen.directory_at(index),
          std::uint64_t{each.address} + each.size, seen.image_size};
}

} // namespace

const section* layout::find(std::uint64_t address, std::uint64_t count) const noexcept {
  for (const auto& each : sections()) {
    // What the file has beyond the size in memory is padding, which is not mapped.
    const auto size =
        each.memory_size != 0 && each.memory_size < each.file_size ? each.memory_size : each.file_size;
    if (address >= each.address && address - each.address < size && count <= size - (address - each.address))
      return &each;
  }
  return nullptr;
}

bool layout::is_code(std::uint64_t address) const noexcept {
  const auto* home = find(address, 1);
  return home != nullptr && (home->flags & section_executes) != 0;
}

bytes view(const bytes& file, const layout& seen, std::uint64_t address) noexcept {
  const auto* home = seen.find(address, 1);
  if (home == nullptr) return file.part(0, 0);
  const auto skipped = address - home->address;
  return file.part(home->offset, home->file_size).from(skipped);
}

finding read_layout(part_reader& file, const target& process, layout& into) noexcept {
  if (auto bad = read_file_header(file, process, into)) return bad;
  if (auto bad = read_optional_header(file, process, into)) return bad;
  if (auto bad = check_kind(into)) return bad;
  if (auto bad = check_optional(into, file.file_size())) return bad;
  if (auto bad = read_sections(file, into)) return bad;
  for (std::size_t i = 0; i < directory_count; ++i)
    if (auto bad = check_directory(into, i)) return bad;
  return check_tail(into, file.file_size());
}

finding check(part_reader& file, level depth, const target& process) noexcept {
  layout seen;
  if (auto bad = read_layout(file, process, seen)) return bad;
  if (seen.entry != 0 && !seen.is_code(seen.entry))
    return {cause::not_code, part::optional_header, seen.optional_at + 16, seen.entry};
  if (depth == level::headers) return {};
  bytes whole;
  if (auto bad = file.get(0, file.file_size(), whole)) return bad;
  return check_tables(whole, seen);
}

} // namespace tenure::inline v1::image::pe
