// PE: exports, imports, thread-local storage and base relocations, checked before Windows follows them.
#include "pe_tables.hpp"

namespace tenure::inline v1::image::pe {
namespace {

constexpr std::uint64_t no_address = UINT64_MAX;

// Addresses in the TLS directory are not relative. A false one becomes one that nothing holds.
std::uint64_t relative(const layout& seen, std::uint64_t address) noexcept {
  if (address == 0) return 0;
  return address >= seen.image_base ? address - seen.image_base : no_address;
}

finding check_export_names(const bytes& file, const layout& seen, const export_table& table,
                           text_budget& budget) noexcept {
  for (std::uint64_t i = 0; i < table.names; ++i) {
    std::string_view name;
    if (!budget.read(view(file, seen, table.name_addresses.u32(4 * i)), 0, name))
      return {cause::unterminated, part::export_directory, table.at + 32, table.name_addresses.u32(4 * i)};
    if (const auto index = table.name_indices.u16(2 * i); index >= table.functions)
      return {cause::out_of_range, part::export_directory, table.at + 36, index, table.functions};
  }
  return {};
}

finding check_exports(const bytes& file, const layout& seen, text_budget& budget) noexcept {
  export_table table;
  if (seen.directories[directory_export].address == 0) return {};
  if (auto bad = read_exports(file, seen, table)) return bad;
  for (std::uint64_t i = 0; i < table.functions; ++i)
    if (const auto address = table.function_addresses.u32(4 * i); address >= seen.image_size)
      return {cause::out_of_range, part::export_directory, table.at + 28, address, seen.image_size};
  return check_export_names(file, seen, table, budget);
}

/// Walks the import descriptors and their lookup tables, each of which a zero ends.
class import_checker {
public:
  import_checker(const bytes& file, const layout& seen, text_budget& budget) noexcept
      : file_(file)
      , seen_(seen)
      , budget_(budget)
      , offset_(offset_of(seen, directory_import)) {}

  finding run() noexcept {
    const auto table = view(file_, seen_, seen_.directories[directory_import].address);
    const auto limit = table.size() / import_entry_size;
    for (std::uint64_t i = 0; i < limit; ++i) {
      const auto entry = parse_import(table, i);
      if (entry.last()) return {};
      if (auto bad = check_entry(entry, offset_ + i * import_entry_size)) return bad;
    }
    return {cause::unterminated, part::import_directory, offset_, limit};
  }

private:
  finding check_entry(const import_entry& entry, std::uint64_t at) noexcept {
    std::string_view name;
    if (!budget_.read(view(file_, seen_, entry.name), 0, name))
      return {cause::unterminated, part::import_directory, at + 12, entry.name};
    if (seen_.find(entry.slots, word()) == nullptr)
      return {cause::not_mapped, part::import_directory, at + 16, entry.slots, word()};
    return check_lookups(entry.lookup != 0 ? entry.lookup : entry.slots, at);
  }

  finding check_lookups(std::uint32_t address, std::uint64_t at) noexcept {
    const auto table = view(file_, seen_, address);
    for (std::uint64_t i = 0; i + word() <= table.size() && lookups_left() != 0; i += word(), ++lookups_) {
      const auto lookup = table.word(i, seen_.wide);
      if (lookup == 0) return {};
      if ((lookup & by_ordinal()) != 0) continue;
      constexpr std::uint64_t hint_size = 2;
      std::string_view name;
      if (!budget_.read(view(file_, seen_, lookup + hint_size), 0, name))
        return {cause::unterminated, part::import_directory, at, lookup};
    }
    return {cause::unterminated, part::import_directory, at, address};
  }

  // Descriptors may share one table, so all of them together are limited.
  std::uint64_t lookups_left() const noexcept { return file_.size() - lookups_; }
  std::uint64_t word() const noexcept { return seen_.wide ? 8 : 4; }
  std::uint64_t by_ordinal() const noexcept { return std::uint64_t{1} << (seen_.wide ? 63 : 31); }

  const bytes& file_;
  const layout& seen_;
  text_budget& budget_;
  std::uint64_t offset_, lookups_ = 0;
};

finding check_callbacks(const bytes& file, const layout& seen, std::uint64_t address) noexcept {
  const auto at = offset_of(seen, directory_tls);
  const auto table = view(file, seen, address);
  const std::uint64_t word = seen.wide ? 8 : 4;
  for (std::uint64_t i = 0; i + word <= table.size(); i += word) {
    const auto callback = table.word(i, seen.wide);
    if (callback == 0) return {};
    if (!seen.is_code(relative(seen, callback))) return {cause::not_code, part::tls_directory, at, callback};
  }
  return {cause::unterminated, part::tls_directory, at, address};
}

finding check_tls(const bytes& file, const layout& seen) noexcept {
  if (seen.directories[directory_tls].address == 0) return {};
  tls_table table;
  if (auto bad = read_tls(file, seen, table)) return bad;
  const auto at = offset_of(seen, directory_tls);
  if (table.begin > table.end || table.end > seen.image_size)
    return {cause::out_of_range, part::tls_directory, at, table.end, seen.image_size};
  // The loader writes the index.
  constexpr std::uint64_t index_size = 4;
  if (table.index > seen.image_size - index_size)
    return {cause::out_of_range, part::tls_directory, at, table.index, seen.image_size};
  return table.callbacks == 0 ? finding{} : check_callbacks(file, seen, table.callbacks);
}

finding check_block(const bytes& block, const layout& seen, std::uint64_t at) noexcept {
  constexpr std::uint32_t padding = 0;
  const std::uint64_t page = block.u32(0);
  for (std::uint64_t i = 8; i + 2 <= block.size(); i += 2) {
    const std::uint32_t entry = block.u16(i);
    if (entry >> 12 != padding && page + (entry & 0xfff) >= seen.image_size)
      return {cause::out_of_range, part::base_relocations, at + i, page + (entry & 0xfff), seen.image_size};
  }
  return {};
}

finding check_relocations(const bytes& file, const layout& seen) noexcept {
  const auto& range = seen.directories[directory_relocations];
  if (range.address == 0 || range.size == 0) return {};
  const auto begin = offset_of(seen, directory_relocations);
  const auto table = view(file, seen, range.address).part(0, range.size);
  if (table.size() != range.size)
    return {cause::not_mapped, part::base_relocations, seen.directory_at(directory_relocations),
            range.address, range.size};
  constexpr std::uint64_t block_header = 8;
  for (std::uint64_t at = 0; at + block_header <= table.size();) {
    const auto size = table.u32(at + 4);
    if (size < block_header || !table.holds(at, size))
      return {cause::out_of_range, part::base_relocations, begin + at + 4, size, table.size() - at};
    if (auto bad = check_block(table.part(at, size), seen, begin + at)) return bad;
    at += size;
  }
  return {};
}

} // namespace

std::uint64_t offset_of(const layout& seen, std::size_t directory_index) noexcept {
  const auto address = seen.directories[directory_index].address;
  const auto* home = seen.find(address, 1);
  return home ? std::uint64_t{home->offset} + (address - home->address) : 0;
}

finding read_exports(const bytes& file, const layout& seen, export_table& into) noexcept {
  constexpr std::uint64_t size = 40;
  into.range = seen.directories[directory_export];
  into.at = offset_of(seen, directory_export);
  const auto head = view(file, seen, into.range.address).part(0, size);
  if (head.size() != size)
    return {cause::not_mapped, part::export_directory, seen.directory_at(directory_export),
            into.range.address, size};
  into.name = head.u32(12), into.functions = head.u32(20), into.names = head.u32(24);
  const auto functions = std::uint64_t{4} * into.functions, names = std::uint64_t{4} * into.names;
  into.function_addresses = view(file, seen, head.u32(28)).part(0, functions);
  into.name_addresses = view(file, seen, head.u32(32)).part(0, names);
  into.name_indices = view(file, seen, head.u32(36)).part(0, names / 2);
  if (into.function_addresses.size() != functions)
    return {cause::not_mapped, part::export_directory, into.at + 28, head.u32(28), functions};
  if (into.name_addresses.size() != names)
    return {cause::not_mapped, part::export_directory, into.at + 32, head.u32(32), names};
  if (into.name_indices.size() != names / 2)
    return {cause::not_mapped, part::export_directory, into.at + 36, head.u32(36), names / 2};
  return {};
}

import_entry parse_import(const bytes& table, std::uint64_t index) noexcept {
  const auto at = index * import_entry_size;
  return {table.u32(at + 12), table.u32(at), table.u32(at + 16)};
}

finding read_tls(const bytes& file, const layout& seen, tls_table& into) noexcept {
  const auto address = seen.directories[directory_tls].address;
  const std::uint64_t word = seen.wide ? 8 : 4, size = 4 * word + 8;
  const auto head = view(file, seen, address).part(0, size);
  if (head.size() != size)
    return {cause::not_mapped, part::tls_directory, seen.directory_at(directory_tls), address, size};
  into.begin = relative(seen, head.word(0, seen.wide)), into.end = relative(seen, head.word(word, seen.wide));
  into.index = relative(seen, head.word(2 * word, seen.wide));
  into.callbacks = relative(seen, head.word(3 * word, seen.wide));
  into.zeros = head.u32(4 * word), into.flags = head.u32(4 * word + 4);
  return {};
}

finding check_tables(const bytes& file, const layout& seen) noexcept {
  text_budget budget(file.size());
  if (auto bad = check_exports(file, seen, budget)) return bad;
  if (seen.directories[directory_import].address != 0)
    if (auto bad = import_checker(file, seen, budget).run()) return bad;
  if (auto bad = check_tls(file, seen)) return bad;
  return check_relocations(file, seen);
}

} // namespace tenure::inline v1::image::pe
