// Mach-O: what the load commands promise, against the size of the slice.
#include "macho.hpp"

namespace tenure::inline v1::image::macho {
namespace {

/// Checks one slice's commands. Offsets in them count from the slice's begin, findings from the file's.
class command_checker {
public:
  command_checker(const slice& where, const header& head) noexcept
      : where_(where)
      , head_(head) {}

  finding check(const command& each) noexcept {
    switch (each.kind) {
    case command_segment:
    case command_segment_64:
      return check_segment(each);
    case command_symtab:
      return check_symbol_table(each);
    case command_dysymtab:
      return check_dynamic_symbols(each);
    case command_dyld_info:
    case command_dyld_info_only:
      return check_dyld_info(each);
    case command_code_signature:
    case command_split_info:
    case command_function_starts:
    case command_data_in_code:
    case command_exports_trie:
    case command_chained_fixups:
      return check_range(each, 8, 1);
    case command_load_dylib:
    case command_id_dylib:
    case command_load_weak_dylib:
    case command_reexport_dylib:
    case command_load_upward_dylib:
    case command_rpath:
      return check_name(each);
    default:
      return {};
    }
  }

  bool saw_segment() const noexcept { return saw_segment_; }

private:
  finding fault(cause what, const command& each, std::uint64_t found, std::uint64_t expected) const noexcept {
    return {what, part::load_command, where_.begin + each.at, found, expected};
  }

  finding check_extent(part what, const command& each, std::uint64_t begin,
                       std::uint64_t count) const noexcept {
    if (begin <= where_.size && count <= where_.size - begin) return {};
    const auto end = begin <= UINT64_MAX - count ? begin + count : UINT64_MAX;
    return {cause::truncated, what, where_.begin + each.at, end, where_.size};
  }

  // An offset and a count side by side, of entries of `size` bytes.
  finding check_range(const command& each, std::uint64_t at, std::uint64_t size) const noexcept {
    return check_extent(part::link_edit_data, each, each.fields.u32(at), each.fields.u32(at + 4) * size);
  }

  finding check_segment(const command& each) noexcept {
    const bool wide = each.kind == command_segment_64;
    if (wide != head_.wide) return fault(cause::bad_value, each, each.kind, command_segment_64);
    const auto seg = parse_segment(each, wide);
    saw_segment_ = true;
    if (each.size < segment_size(wide) + seg.sections * section_size(wide))
      return fault(cause::out_of_range, each, seg.sections, each.size / section_size(wide));
    if (auto bad = check_extent(part::segment, each, seg.offset, seg.file_size)) return bad;
    if (seg.file_size > seg.memory_size)
      return fault(cause::contradiction, each, seg.memory_size, seg.file_size);
    const auto limit = wide ? UINT64_MAX : std::uint64_t{UINT32_MAX};
    if (seg.memory_size > limit - seg.address)
      return fault(cause::out_of_range, each, seg.address, limit - seg.memory_size);
    return {};
  }

  finding check_symbol_table(const command& each) const noexcept {
    if (auto bad = check_range(each, 8, symbol_size(head_.wide))) return bad;
    return check_range(each, 16, 1);
  }

  finding check_dynamic_symbols(const command& each) const noexcept {
    constexpr std::uint64_t index_size = 4, relocation_size = 8;
    if (auto bad = check_range(each, 56, index_size)) return bad;
    if (auto bad = check_range(each, 64, relocation_size)) return bad;
    return check_range(each, 72, relocation_size);
  }

  // Rebase, bind, weak bind, lazy bind, export: an offset and a size each.
  finding check_dyld_info(const command& each) const noexcept {
    for (std::uint64_t at = 8; at < 48; at += 8)
      if (auto bad = check_range(each, at, 1)) return bad;
    return {};
  }

  finding check_name(const command& each) const noexcept {
    const std::uint64_t name = each.fields.u32(8);
    return name < each.size ? finding{} : fault(cause::out_of_range, each, name, each.size);
  }

  const slice& where_;
  const header& head_;
  bool saw_segment_ = false;
};

finding check_symbol(const bytes& symbols, std::uint64_t at, std::uint64_t strings,
                     std::uint64_t begin) noexcept {
  const auto name = symbols.u32(at);
  if (name < strings || name == 0) return {};
  return {cause::out_of_range, part::symbol_table, begin + at, name, strings};
}

finding check_symbols(part_reader& file, const slice& where, const header& head,
                      const symbol_table& table) noexcept {
  const auto entry = symbol_size(head.wide), begin = where.begin + table.symbols_at;
  bytes symbols;
  if (auto bad = file.get(begin, table.count * entry, symbols)) return bad;
  for (std::uint64_t i = 0; i < table.count; ++i)
    if (auto bad = check_symbol(symbols, i * entry, table.strings_size, begin)) return bad;
  if (table.strings_size == 0) return {};
  bytes last;
  const auto end = where.begin + table.strings_at + table.strings_size;
  if (auto bad = file.get(end - 1, 1, last)) return bad;
  return last.u8(0) == 0 ? finding{} : finding{cause::unterminated, part::string_table, end - 1};
}

// Zeros and thread-local zeros have no bytes; the others must lie inside their segment, in file and in
// memory.
finding check_section(const section& each, const segment& home, std::uint64_t at) noexcept {
  if (each.type() == section_tls_zeros) return {};
  if (each.address < home.address || each.address - home.address > home.memory_size ||
      each.size > home.memory_size - (each.address - home.address))
    return {cause::not_mapped, part::section, at, each.address, each.size};
  if (!each.in_file() || each.size == 0) return {};
  if (each.offset < home.offset || each.offset - home.offset > home.file_size ||
      each.size > home.file_size - (each.offset - home.offset))
    return {cause::out_of_range, part::section, at, each.offset + each.size, home.offset + home.file_size};
  return {};
}

finding check_sections(const bytes& commands, const slice& where, const header& head, command each) noexcept {
  each.fields = commands.part(each.at - head.size(), each.size);
  const auto home = parse_segment(each, head.wide);
  for (std::uint64_t i = 0; i < home.sections; ++i) {
    const auto at = where.begin + each.at + segment_size(head.wide) + i * section_size(head.wide);
    if (auto bad = check_section(parse_section(each, i, head.wide), home, at)) return bad;
  }
  return {};
}

finding check_commands(part_reader& file, const slice& where, const header& head) noexcept {
  command_walk walk(file, where, head);
  command_checker checker(where, head);
  for (command each; walk.next(each);)
    if (auto bad = checker.check(each)) return bad;
  if (walk.fault()) return walk.fault();
  if (checker.saw_segment()) return {};
  return {cause::missing, part::load_command, where.begin + 16, 0, command_segment_64};
}

} // namespace

finding check_tables(part_reader& file, const slice& where, const header& head) noexcept {
  bytes commands;
  if (auto bad = file.get(where.begin + head.size(), head.commands_size, commands)) return bad;
  command_walk walk(file, where, head);
  for (command each; walk.next(each);) {
    if (each.kind == command_segment || each.kind == command_segment_64)
      if (auto bad = check_sections(commands, where, head, each)) return bad;
    if (each.kind == command_symtab)
      if (auto bad = check_symbols(file, where, head, parse_symbol_table(each))) return bad;
  }
  return walk.fault();
}

finding check(part_reader& file, level depth, const target& process) noexcept {
  slice where;
  header head;
  if (auto bad = find_slice(file, process, where)) return bad;
  if (auto bad = read_header(file, where, head)) return bad;
  if (auto bad = check_header(head, where, file.first().order(), process)) return bad;
  if (auto bad = check_commands(file, where, head)) return bad;
  return depth == level::headers ? finding{} : check_tables(file, where, head);
}

} // namespace tenure::inline v1::image::macho
