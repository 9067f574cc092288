// ELF: the dynamic symbol table.
#include "elf_tables.hpp"
#include "machine.hpp"

namespace tenure::inline v1::image::elf {
namespace {

// On these a function's symbol leads to a descriptor in the data, not to code.
bool has_descriptors(const header& head) noexcept {
  return head.machine == machine_ppc64 || head.machine == machine_hppa || head.machine == machine_ia64;
}

bool is_known(const symbol_entry& entry) noexcept {
  const bool type_known = entry.type() <= symbol_tls || entry.type() >= symbol_ifunc;
  const bool binding_known = entry.binding() <= binding_weak || entry.binding() >= binding_unique;
  return type_known && binding_known;
}

// Markers such as _end may stand right behind the last segment's last byte, so the end counts as inside.
bool lies_in_image(const symbol_entry& entry, const layout& map) noexcept {
  return entry.value >= map.lowest() && entry.value <= map.highest() &&
         entry.size <= map.highest() - map.lowest();
}

bool value_is_sound(const symbol_entry& entry, const layout& map) noexcept {
  if (entry.section == section_absolute || entry.section == section_common) return true;
  switch (entry.type()) {
  case symbol_tls:
    return entry.value <= map.tls.memsz && entry.size <= map.tls.memsz - entry.value;
  case symbol_ifunc:
    return has_descriptors(map.head) || map.is_code(entry.value);
  case symbol_function:
    return has_descriptors(map.head) ? lies_in_image(entry, map) : map.is_code(entry.value);
  default:
    return lies_in_image(entry, map);
  }
}

// A GNU hash table that exports nothing tells no count; then as many symbols may exist as there is room for.
finding read_limit(tables& all, std::uint64_t counted) noexcept {
  const auto address = all.dynamic.value(tag_symtab);
  const auto room = all.room_at(address) / symbol_size(all.wide());
  if (counted > room)
    return {cause::out_of_range, part::symbol_table, all.dynamic.at(tag_symtab), counted, room};
  all.symbols_counted = counted != 0;
  all.symbol_limit = counted != 0 ? counted : room;
  return {};
}

} // namespace

symbol_entry parse_symbol(const bytes& table, std::uint64_t index, bool wide) noexcept {
  const auto at = index * symbol_size(wide);
  symbol_entry result;
  result.name = table.u32(at);
  result.value = wide ? table.u64(at + 8) : table.u32(at + 4);
  result.size = wide ? table.u64(at + 16) : table.u32(at + 8);
  const auto rest = at + (wide ? 4 : 12);
  result.info = table.u8(rest), result.other = table.u8(rest + 1), result.section = table.u16(rest + 2);
  return result;
}

finding read_symbol_limit(tables& all) noexcept {
  std::uint64_t by_hash = 0, by_gnu_hash = 0;
  if (all.dynamic.has(tag_hash))
    if (auto bad = check_hash(all, by_hash)) return bad;
  if (all.dynamic.has(tag_gnu_hash))
    if (auto bad = check_gnu_hash(all, by_gnu_hash)) return bad;
  if (by_hash != 0 && by_gnu_hash > by_hash)
    return {cause::contradiction, part::gnu_hash_table, all.dynamic.at(tag_gnu_hash), by_gnu_hash, by_hash};
  if (auto bad = read_limit(all, by_hash != 0 ? by_hash : by_gnu_hash)) return bad;
  return all.view(part::symbol_table, all.dynamic.at(tag_symtab), all.dynamic.value(tag_symtab),
                  all.symbol_limit * symbol_size(all.wide()), all.symbols);
}

finding check_symbol(const tables& all, std::uint64_t index) noexcept {
  const auto entry = parse_symbol(all.symbols, index, all.wide());
  const auto begin = all.offset_of(all.dynamic.value(tag_symtab));
  const auto at = begin + index * symbol_size(all.wide());
  if (entry.name >= all.strings.size())
    return {cause::out_of_range, part::symbol_table, at, entry.name, all.strings.size()};
  if (!is_known(entry)) return {cause::bad_value, part::symbol_table, at, entry.info, symbol_function};
  if (!entry.defined()) return {};
  // The section's number is not looked at: optimisers that rewrite libraries (BOLT) leave stale ones.
  if (!value_is_sound(entry, all.map))
    return {cause::not_mapped, part::symbol_table, at, entry.value, entry.size};
  return {};
}

finding check_symbols(tables& all) noexcept {
  if (!all.symbols_counted) return {}; // the relocations check those that they use
  for (std::uint64_t i = 1; i < all.symbol_limit; ++i)
    if (auto bad = check_symbol(all, i)) return bad;
  return {};
}

} // namespace tenure::inline v1::image::elf
