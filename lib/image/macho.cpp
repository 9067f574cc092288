// Mach-O: universal headers, the header, and the load commands.
#include "macho.hpp"

#include "machine.hpp"

namespace tenure::inline v1::image::macho {
namespace {

constexpr std::uint32_t max_slices =
    30; // more than there are processors; a Java class's version begins at 45

bool is_universal(const bytes& first) noexcept {
  const auto magic = first.in_order(byte_order::big).u32(0);
  return (magic == magic_universal && first.in_order(byte_order::big).u32(4) <= max_slices) ||
         magic == magic_universal_64;
}

// Behind the header follows one entry per slice.
constexpr std::uint64_t universal_header_size = 8;
constexpr std::uint64_t slice_entry_size(bool wide) noexcept { return wide ? 32 : 20; }

struct slice_entry {
  std::uint32_t cpu;
  slice range;
};

slice_entry parse_slice(const bytes& table, std::uint64_t at, bool wide) noexcept {
  if (wide) return {table.u32(at), {table.u64(at + 8), table.u64(at + 16)}};
  return {table.u32(at), {table.u32(at + 8), table.u32(at + 12)}};
}

finding check_slice(const slice_entry& each, std::uint64_t at, std::uint64_t file_size) noexcept {
  const auto& range = each.range;
  if (range.begin <= file_size && range.size <= file_size - range.begin) return {};
  const auto end = range.begin <= UINT64_MAX - range.size ? range.begin + range.size : UINT64_MAX;
  return {cause::truncated, part::universal_header, at, end, file_size};
}

finding foreign(std::uint32_t cpu, std::uint64_t at, const target& process) noexcept {
  return {cause::foreign_machine, part::header, at, foreign_machine_value(format::macho, 0, cpu),
          process.machine};
}

// A slice that lies outside the file is damage, also if it is another processor's.
finding choose_slice(const bytes& table, bool wide, std::uint32_t count, std::uint64_t file_size,
                     const target& process, slice& into) noexcept {
  bool found = false;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto at = universal_header_size + i * slice_entry_size(wide);
    const auto each = parse_slice(table, at, wide);
    if (auto bad = check_slice(each, at, file_size)) return bad;
    const bool fits = !found && (process.machine == 0 || each.cpu == process.machine);
    if (i == 0 || fits) into = each.range;
    found |= fits;
  }
  if (found) return {};
  return foreign(parse_slice(table, universal_header_size, wide).cpu, universal_header_size, process);
}

finding check_type(const header& head, const slice& where) noexcept {
  const auto at = where.begin + 12;
  switch (head.type) {
  case type_dylib:
  case type_bundle:
    return {};
  case type_object:
    return {cause::relocatable_object, part::header, at, head.type, type_dylib};
  case type_executable:
    return {cause::executable, part::header, at, head.type, type_dylib};
  case type_core:
    return {cause::core_file, part::header, at, head.type, type_dylib};
  case type_dsym:
    return {cause::debug_companion, part::header, at, head.type, type_dylib};
  default:
    return {cause::other_file_type, part::header, at, head.type, type_dylib};
  }
}

} // namespace

bool section::in_file() const noexcept {
  return type() != section_zeros && type() != section_large_zeros && type() != section_tls_zeros;
}

bool is_java_class(const bytes& first) noexcept {
  const auto big = first.in_order(byte_order::big);
  return big.u32(0) == magic_universal && big.u32(4) > max_slices;
}

bool recognise(const bytes& first) noexcept {
  for (const auto order : {byte_order::little, byte_order::big})
    if (const auto magic = first.in_order(order).u32(0); magic == magic_32 || magic == magic_64) return true;
  return is_universal(first);
}

finding find_slice(part_reader& file, const target& process, slice& into) noexcept {
  into = {0, file.file_size()};
  if (!is_universal(file.first())) return {};
  const auto table = file.first().in_order(byte_order::big);
  const bool wide = table.u32(0) == magic_universal_64;
  const auto count = table.u32(4);
  if (count == 0 || count > max_slices)
    return {cause::too_many, part::universal_header, 4, count, max_slices};
  const auto size = universal_header_size + count * slice_entry_size(wide);
  if (!table.holds(0, size)) return {cause::truncated, part::universal_header, 4, size, file.file_size()};
  return choose_slice(table, wide, count, file.file_size(), process, into);
}

std::vector<std::uint32_t> machines_of_slices(part_reader& file) {
  std::vector<std::uint32_t> machines;
  if (!is_universal(file.first())) return machines;
  const auto table = file.first().in_order(byte_order::big);
  const bool wide = table.u32(0) == magic_universal_64;
  for (std::uint32_t i = 0; i != table.u32(4); ++i)
    machines.push_back(parse_slice(table, universal_header_size + i * slice_entry_size(wide), wide).cpu);
  return machines;
}

finding read_header(part_reader& file, const slice& where, header& into) noexcept {
  constexpr std::uint64_t largest = 32;
  std::array<std::byte, largest> memory;
  bytes head;
  const auto size = where.size < largest ? where.size : largest;
  if (auto bad = file.get(where.begin, size, memory, head)) return bad;
  const auto big = head.in_order(byte_order::big).u32(0);
  file.set_order(big == magic_32 || big == magic_64 ? byte_order::big : byte_order::little);
  head = head.in_order(file.first().order());
  const auto magic = head.u32(0);
  if (magic != magic_32 && magic != magic_64)
    return {cause::bad_value, part::header, where.begin, magic, magic_64};
  into = {magic == magic_64, head.u32(4), head.u32(12), head.u32(16), head.u32(20)};
  if (where.size < into.size()) return {cause::truncated, part::header, where.begin, into.size(), where.size};
  return {};
}

finding check_header(const header& head, const slice& where, byte_order order,
                     const target& process) noexcept {
  if (order != process.order)
    return {cause::foreign_byte_order, part::header, where.begin, static_cast<std::uint64_t>(order),
            static_cast<std::uint64_t>(process.order)};
  if (process.machine != 0 && head.cpu != process.machine) return foreign(head.cpu, where.begin + 4, process);
  if (head.wide != (process.bits == 64))
    return {cause::foreign_class, part::header, where.begin, head.wide ? 64u : 32u, process.bits};
  if (auto bad = check_type(head, where)) return bad;
  if (head.commands_size > where.size - head.size())
    return {cause::truncated, part::load_command, where.begin + 20, head.size() + head.commands_size,
            where.size};
  return {};
}

segment parse_segment(const command& each, bool wide) noexcept {
  const auto& fields = each.fields;
  segment result;
  constexpr std::uint64_t name_size = 16;
  result.name = fields.text(8, name_size);
  const std::uint64_t word = wide ? 8 : 4;
  result.address = fields.word(24, wide), result.memory_size = fields.word(24 + word, wide);
  result.offset = fields.word(24 + 2 * word, wide), result.file_size = fields.word(24 + 3 * word, wide);
  const auto rest = 24 + 4 * word;
  result.protection = fields.u32(rest + 4), result.sections = fields.u32(rest + 8);
  return result;
}

section parse_section(const command& each, std::uint64_t index, bool wide) noexcept {
  const auto at = segment_size(wide) + index * section_size(wide);
  const auto& fields = each.fields;
  const std::uint64_t word = wide ? 8 : 4, rest = at + 32 + 2 * word;
  section result;
  result.address = fields.word(at + 32, wide), result.size = fields.word(at + 32 + word, wide);
  result.offset = fields.u32(rest), result.align = fields.u32(rest + 4), result.flags = fields.u32(rest + 16);
  return result;
}

symbol_table parse_symbol_table(const command& each) noexcept {
  const auto& fields = each.fields;
  return {fields.u32(8), fields.u32(12), fields.u32(16), fields.u32(20)};
}

bool command_walk::fail(cause what, std::uint64_t found, std::uint64_t expected) noexcept {
  fault_ = {what, part::load_command, where_.begin + at_, found, expected};
  return false;
}

bool command_walk::next(command& into) noexcept {
  if (done_ == head_.commands) return false;
  const auto end = head_.size() + head_.commands_size;
  constexpr std::uint64_t smallest = 8;
  if (end - at_ < smallest) return fail(cause::out_of_range, at_ + smallest, end);
  const auto room = end - at_ < brief ? end - at_ : brief;
  if ((fault_ = file_.get(where_.begin + at_, room, memory_, into.fields))) return false;
  into.kind = into.fields.u32(0), into.size = into.fields.u32(4), into.at = at_;
  if (into.size < smallest || into.size > end - at_) return fail(cause::out_of_range, into.size, end - at_);
  if (into.size % 4 != 0) return fail(cause::misaligned, into.size, 4);
  into.fields = into.fields.part(0, into.size < room ? into.size : room);
  at_ += into.size, ++done_;
  return true;
}

} // namespace tenure::inline v1::image::macho
