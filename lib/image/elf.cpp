// ELF: the file header, the program headers, and whether the file holds all that they promise.
#include "elf.hpp"

#include "machine.hpp"

namespace tenure::inline v1::image::elf {
namespace {

finding check_identity(const bytes& file) noexcept {
  const auto kind = file.u8(ident_class), data = file.u8(ident_data);
  if (kind != class_32 && kind != class_64)
    return {cause::bad_value, part::header, ident_class, kind, class_64};
  if (data != data_little && data != data_big)
    return {cause::bad_value, part::header, ident_data, data, data_little};
  if (const auto version = file.u8(ident_version); version != version_current)
    return {cause::bad_value, part::header, ident_version, version, version_current};
  return {};
}

finding check_kind(const header& head, const target& process) noexcept {
  const std::uint8_t bits = head.wide ? 64 : 32;
  if (head.order != process.order)
    return {cause::foreign_byte_order, part::header, ident_data, static_cast<std::uint64_t>(head.order),
            static_cast<std::uint64_t>(process.order)};
  if (bits != process.bits) return {cause::foreign_class, part::header, ident_class, bits, process.bits};
  return {};
}

constexpr std::uint64_t type_at = 16, machine_at = 18, version_at = 20;

// Asked first, because the name says more than the class. The upper half tells the rest of what is foreign.
finding check_machine(const header& head, const target& process) noexcept {
  if (process.machine == 0 || head.machine == process.machine) return {};
  const std::uint64_t bits = head.wide ? 64 : 32;
  return {cause::foreign_machine, part::header, machine_at,
          foreign_machine_value(format::elf, bits == process.bits ? 0 : bits, head.machine), process.machine};
}

finding check_type(const header& head) noexcept {
  switch (head.type) {
  case type_dynamic:
    return {};
  case type_relocatable:
    return {cause::relocatable_object, part::header, type_at, head.type, type_dynamic};
  case type_executable:
    return {cause::executable, part::header, type_at, head.type, type_dynamic};
  case type_core:
    return {cause::core_file, part::header, type_at, head.type, type_dynamic};
  default:
    return {cause::other_file_type, part::header, type_at, head.type, type_dynamic};
  }
}

// Where the fields behind the three words of the header begin: flags, ehsize, phentsize, …
constexpr std::uint64_t behind_words(bool wide) noexcept { return 24 + 3 * (wide ? 8u : 4u); }
constexpr std::uint64_t phentsize_at(bool wide) noexcept { return behind_words(wide) + 6; }
constexpr std::uint64_t phnum_at(bool wide) noexcept { return behind_words(wide) + 8; }
constexpr std::uint64_t shentsize_at(bool wide) noexcept { return behind_words(wide) + 10; }
constexpr std::uint64_t header_size(bool wide) noexcept { return behind_words(wide) + 16; }

finding check_table_shapes(const header& head) noexcept {
  const auto wide = head.wide;
  if (head.version != version_current)
    return {cause::bad_value, part::header, version_at, head.version, version_current};
  if (head.phentsize != program_header_size(wide))
    return {cause::bad_value, part::header, phentsize_at(wide), head.phentsize, program_header_size(wide)};
  if (head.phnum > max_program_headers)
    return {cause::too_many, part::program_headers, phnum_at(wide), head.phnum, max_program_headers};
  if (head.phnum == 0) return {cause::missing, part::program_headers, phnum_at(wide), 0, segment_load};
  if (head.shoff != 0 && head.shnum != 0 && head.shentsize != section_header_size(wide))
    return {cause::bad_value, part::header, shentsize_at(wide), head.shentsize, section_header_size(wide)};
  return {};
}

// `at` is the offset of the field that promises so much.
finding check_extent(part where, std::uint64_t at, std::uint64_t begin, std::uint64_t count,
                     std::uint64_t file_size) noexcept {
  if (begin <= file_size && count <= file_size - begin) return {};
  const auto end = begin <= UINT64_MAX - count ? begin + count : UINT64_MAX;
  return {cause::truncated, where, at, end, file_size};
}

// A table whose count does not fit the header has it in its first entry; that one at least must be there.
finding check_sections_extent(const header& head, std::uint64_t file_size) noexcept {
  if (head.shoff == 0) return {};
  const auto count = head.shnum == 0 ? 1u : head.shnum;
  const auto at = std::uint64_t{24} + 2 * head.word_size();
  return check_extent(part::section_headers, at, head.shoff, count * section_header_size(head.wide),
                      file_size);
}

segment parse_segment(const bytes& table, std::uint64_t at, bool wide) noexcept {
  segment result;
  result.type = table.u32(at);
  if (wide) {
    result.flags = table.u32(at + 4);
    result.offset = table.u64(at + 8), result.vaddr = table.u64(at + 16);
    result.filesz = table.u64(at + 32), result.memsz = table.u64(at + 40), result.align = table.u64(at + 48);
  } else {
    result.offset = table.u32(at + 4), result.vaddr = table.u32(at + 8);
    result.filesz = table.u32(at + 16), result.memsz = table.u32(at + 20);
    result.flags = table.u32(at + 24), result.align = table.u32(at + 28);
  }
  return result;
}

constexpr bool is_power_of_two(std::uint64_t value) noexcept {
  return value != 0 && (value & (value - 1)) == 0;
}

// Alignment 0 and 1 both mean none. A page size that is not this system's is for the loader to refuse.
finding check_alignment(const segment& each) noexcept {
  if (each.align <= 1) return {};
  if (!is_power_of_two(each.align)) return {cause::misaligned, part::segment, each.at, each.align, 0x1000};
  if (((each.vaddr - each.offset) & (each.align - 1)) != 0)
    return {cause::misaligned, part::segment, each.at, each.vaddr, each.align};
  return {};
}

finding check_load(const segment& each, const layout& so_far, std::uint64_t file_size) noexcept {
  if (auto bad = check_extent(part::segment, each.at, each.offset, each.filesz, file_size)) return bad;
  const auto limit = so_far.head.wide ? UINT64_MAX : std::uint64_t{UINT32_MAX};
  if (each.memsz > limit - each.vaddr)
    return {cause::out_of_range, part::segment, each.at, each.vaddr + each.memsz, limit};
  if (each.memsz < each.filesz)
    return {cause::contradiction, part::segment, each.at, each.memsz, each.filesz};
  if (auto bad = check_alignment(each)) return bad;
  // The loader reserves addresses by the last one and maps the others over them.
  if (so_far.load_count != 0 && each.vaddr < so_far.highest())
    return {cause::overlapping, part::segment, each.at, each.vaddr, so_far.highest()};
  return {};
}

finding add_load(const segment& each, layout& into, std::uint64_t file_size) noexcept {
  if (auto bad = check_load(each, into, file_size)) return bad;
  if (into.load_count == layout::max_loads)
    return {cause::too_many, part::segment, each.at, into.load_count + 1, layout::max_loads};
  into.load_storage[into.load_count++] = each;
  return {};
}

finding add_segment(const segment& each, layout& into, std::uint64_t file_size) noexcept {
  switch (each.type) {
  case segment_load:
    return (each.memsz | each.filesz) == 0 ? finding{} : add_load(each, into, file_size);
  case segment_dynamic:
    into.dynamic = each;
    return {};
  case segment_tls:
    into.tls = each;
    return {};
  case segment_relro:
    into.relro = each;
    return {};
  default:
    return {};
  }
}

// `objcopy --only-keep-debug` leaves the program headers and takes the contents.
bool is_debug_companion(const layout& seen, std::uint64_t file_size) noexcept {
  if (seen.dynamic.memsz != 0 && seen.dynamic.filesz == 0) return true;
  const auto& dynamic = seen.dynamic;
  return dynamic.type == 0 && seen.head.shoff != 0 && file_size > seen.head.shoff && seen.load_count != 0 &&
         seen.loads()[0].filesz == 0;
}

finding check_dynamic_segment(const layout& seen, std::uint64_t file_size) noexcept {
  const auto& dynamic = seen.dynamic;
  if (is_debug_companion(seen, file_size)) return {cause::debug_companion, part::dynamic_segment, dynamic.at};
  if (dynamic.type == 0) return {cause::missing, part::dynamic_segment, seen.head.phoff, 0, segment_dynamic};
  if (auto bad = check_extent(part::dynamic_segment, dynamic.at, dynamic.offset, dynamic.filesz, file_size))
    return bad;
  const auto* home = seen.find_in_file(dynamic.vaddr, dynamic.filesz);
  if (home == nullptr)
    return {cause::not_mapped, part::dynamic_segment, dynamic.at, dynamic.vaddr, dynamic.filesz};
  if (const auto offset = home->offset + (dynamic.vaddr - home->vaddr); offset != dynamic.offset)
    return {cause::contradiction, part::dynamic_segment, dynamic.at, dynamic.offset, offset};
  return {};
}

finding read_segments(part_reader& file, program_header_memory& memory, layout& into) noexcept {
  const auto& head = into.head;
  const auto size = head.phnum * program_header_size(head.wide);
  const auto at = std::uint64_t{24} + head.word_size();
  if (auto bad = check_extent(part::program_headers, at, head.phoff, size, file.file_size())) return bad;
  if (auto bad = file.get(head.phoff, size, memory, into.program_headers)) return bad;
  for (std::uint64_t i = 0; i < head.phnum; ++i)
    if (auto bad = add_segment(into.program_header(i), into, file.file_size())) return bad;
  if (into.load_count == 0) return {cause::missing, part::program_headers, head.phoff, 0, segment_load};
  return check_dynamic_segment(into, file.file_size());
}

// Reads the dynamic section piecewise into a small buffer up to DT_FLAGS_1, which marks executables.
finding find_pie_flag(part_reader& file, const layout& seen) noexcept {
  std::array<std::byte, 1024> memory; // 64 entries: nearly always all of them
  const auto step = dynamic_entry_size(seen.head.wide);
  const auto total = seen.dynamic.filesz - seen.dynamic.filesz % step;
  for (std::uint64_t done = 0; done < total;) {
    bytes piece;
    const auto size = total - done < memory.size() ? total - done : memory.size();
    if (auto bad = file.get(seen.dynamic.offset + done, size, memory, piece)) return bad;
    for (std::uint64_t at = 0; at < size; at += step) {
      const auto tag = piece.word(at, seen.head.wide);
      const auto value = piece.word(at + step / 2, seen.head.wide);
      if (tag == tag_null) return {};
      if (tag == tag_flags_1 && (value & flag_1_pie) != 0)
        return {cause::position_independent_executable, part::dynamic_section,
                seen.dynamic.offset + done + at};
    }
    done += size;
  }
  return {};
}

} // namespace

const segment* layout::find(std::uint64_t address, std::uint64_t count) const noexcept {
  for (const auto& each : loads())
    if (each.has(address, count)) return &each;
  return nullptr;
}

const segment* layout::find_in_file(std::uint64_t address, std::uint64_t count) const noexcept {
  for (const auto& each : loads())
    if (each.has_in_file(address, count)) return &each;
  return nullptr;
}

bool layout::is_code(std::uint64_t address) const noexcept {
  const auto* home = find_in_file(address, 1);
  return home != nullptr && (home->flags & may_execute) != 0;
}

segment layout::program_header(std::uint64_t index) const noexcept {
  const auto at = index * program_header_size(head.wide);
  auto result = parse_segment(program_headers, at, head.wide);
  result.at = head.phoff + at;
  return result;
}

void settle_order(part_reader& file) noexcept {
  file.set_order(file.first().u8(ident_data) == data_big ? byte_order::big : byte_order::little);
}

header parse_header(bytes file) noexcept {
  header result;
  result.wide = file.u8(ident_class) == class_64;
  result.order = file.order();
  result.type = file.u16(type_at), result.machine = file.u16(machine_at),
  result.version = file.u32(version_at);
  const auto word = result.word_size();
  result.phoff = file.word(24 + word, result.wide), result.shoff = file.word(24 + 2 * word, result.wide);
  const auto rest = behind_words(result.wide);
  result.phentsize = file.u16(rest + 6), result.phnum = file.u16(rest + 8);
  result.shentsize = file.u16(rest + 10), result.shnum = file.u16(rest + 12);
  result.shstrndx = file.u16(rest + 14);
  return result;
}

finding read_layout(part_reader& file, const target& process, program_header_memory& memory,
                    layout& into) noexcept {
  settle_order(file);
  constexpr std::uint64_t identity_size = 16;
  if (file.file_size() >= identity_size)
    if (auto bad = check_identity(file.first())) return bad;
  auto& head = into.head = parse_header(file.first());
  if (auto bad = check_extent(part::header, 0, 0, header_size(head.wide), file.file_size())) return bad;
  if (auto bad = check_machine(head, process)) return bad;
  if (auto bad = check_kind(head, process)) return bad;
  if (auto bad = check_type(head)) return bad;
  if (auto bad = check_table_shapes(head)) return bad;
  if (auto bad = read_segments(file, memory, into)) return bad;
  return check_sections_extent(head, file.file_size());
}

finding check_headers(part_reader& file, const target& process) noexcept {
  program_header_memory memory;
  layout seen;
  if (auto bad = read_layout(file, process, memory, seen)) return bad;
  return find_pie_flag(file, seen);
}

} // namespace tenure::inline v1::image::elf
