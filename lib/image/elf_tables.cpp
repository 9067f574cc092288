// ELF: level `tables`, and the segments besides those that are mapped.
#include "elf_tables.hpp"

namespace tenure::inline v1::image::elf {
namespace {

// Reading this much at once is cheaper than reading a small library's tables one by one.
constexpr std::uint64_t first_read = std::uint64_t{32} << 10;

finding check_program_headers_segment(const tables& all, const segment& each) noexcept {
  const auto* home = all.map.find_in_file(each.vaddr, all.map.program_headers.size());
  if (home == nullptr)
    return {cause::not_mapped, part::segment, each.at, each.vaddr, all.map.program_headers.size()};
  const auto offset = home->offset + (each.vaddr - home->vaddr);
  if (offset != all.map.head.phoff)
    return {cause::contradiction, part::segment, each.at, offset, all.map.head.phoff};
  return {};
}

// The sizes have four bytes in both classes; name and description are padded to the segment's alignment.
finding check_notes(tables& all, const segment& each) noexcept {
  bytes raw;
  if (auto bad = all.view(part::note_segment, each.at, each.vaddr, each.memsz, raw)) return bad;
  for (std::uint64_t at = 0; at < raw.size();) {
    const auto extent = parse_note(raw, at, each.align);
    // The last one's padding may be missing.
    if (!raw.holds(at, extent.description_at - at + extent.description_size))
      return {cause::out_of_range, part::note_segment, each.offset + at, extent.next, raw.size()};
    at = extent.next;
  }
  return {};
}

finding check_tls(const tables& all, const segment& each) noexcept {
  if (each.memsz < each.filesz)
    return {cause::contradiction, part::tls_segment, each.at, each.memsz, each.filesz};
  if (each.align > 1 && (each.align & (each.align - 1)) != 0)
    return {cause::misaligned, part::tls_segment, each.at, each.align, all.map.head.word_size()};
  if (each.filesz != 0 && all.map.find_in_file(each.vaddr, each.filesz) == nullptr)
    return {cause::not_mapped, part::tls_segment, each.at, each.vaddr, each.filesz};
  return {};
}

// The loader takes write access from whole pages, also from those behind the segment, and may fail half-way.
finding check_relro(const tables& all, const segment& each) noexcept {
  const auto* home = all.map.find(each.vaddr, 1);
  if (home == nullptr || (home->flags & may_write) == 0)
    return {cause::not_writable, part::relro_segment, each.at, each.vaddr};
  constexpr std::uint64_t smallest_page = 4096;
  const auto page = home->align > smallest_page ? home->align : smallest_page;
  const auto room = home->end() - each.vaddr; // lld rounds the size up to a page
  if (each.memsz > room && each.memsz - room >= page)
    return {cause::out_of_range, part::relro_segment, each.at, each.memsz, room + page};
  return {};
}

finding check_segment(tables& all, const segment& each) noexcept {
  switch (each.type) {
  case segment_program_headers:
    return check_program_headers_segment(all, each);
  case segment_note:
  case segment_property:
    return each.memsz == 0 ? finding{} : check_notes(all, each);
  case segment_tls:
    return check_tls(all, each);
  case segment_relro:
    return each.memsz == 0 ? finding{} : check_relro(all, each);
  default:
    return {};
  }
}

constexpr finding (*steps[])(tables&) noexcept = {read_dynamic,   read_strings,   read_symbol_limit,
                                                  check_symbols,  check_versions, check_relocations,
                                                  check_segments, check_sections};

} // namespace

note_extent parse_note(const bytes& raw, std::uint64_t at, std::uint64_t alignment) noexcept {
  constexpr std::uint64_t header_size = 12;
  const std::uint64_t mask = alignment == 8 ? 7 : 3;
  note_extent result;
  result.name_size = raw.u32(at), result.description_size = raw.u32(at + 4), result.type = raw.u32(at + 8);
  result.name_at = at + header_size;
  result.description_at = (result.name_at + result.name_size + mask) & ~mask;
  result.next = (result.description_at + result.description_size + mask) & ~mask;
  return result;
}

finding check_segments(tables& all) noexcept {
  for (std::uint64_t i = 0; i < all.map.head.phnum; ++i)
    if (auto bad = check_segment(all, all.map.program_header(i))) return bad;
  return {};
}

finding check_tables(part_reader& file, const target& process) noexcept {
  if (auto bad = file.extend_first(first_read)) return bad;
  program_header_memory memory;
  layout seen;
  if (auto bad = read_layout(file, process, memory, seen)) return bad;
  tables all(file, seen);
  for (const auto step : steps)
    if (auto bad = step(all)) return bad;
  return {};
}

} // namespace tenure::inline v1::image::elf
