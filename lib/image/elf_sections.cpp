// ELF: the section headers, which the loader ignores, as a second witness of what it believes.
#include "elf_tables.hpp"

namespace tenure::inline v1::image::elf {
namespace {

constexpr std::uint32_t section_strings = 3;
constexpr std::uint32_t section_rela = 4;
constexpr std::uint32_t section_hash = 5;
constexpr std::uint32_t section_dynamic = 6;
constexpr std::uint32_t section_without_bytes = 8; // SHT_NOBITS
constexpr std::uint32_t section_rel = 9;
constexpr std::uint32_t section_dynamic_symbols = 11;
constexpr std::uint32_t section_init_array = 14;
constexpr std::uint32_t section_fini_array = 15;
constexpr std::uint32_t section_gnu_hash = 0x6ffffff6;
constexpr std::uint32_t section_verdef = 0x6ffffffd;
constexpr std::uint32_t section_verneed = 0x6ffffffe;
constexpr std::uint32_t section_versym = 0x6fffffff;

constexpr std::uint64_t flag_write = 1;
constexpr std::uint64_t flag_allocated = 2;
constexpr std::uint64_t flag_code = 4;
constexpr std::uint64_t flag_tls = 0x400;

struct section {
  std::uint32_t type = 0;
  std::uint64_t flags = 0, address = 0, offset = 0, size = 0, at = 0;

  bool in_file() const noexcept { return type != section_without_bytes; }
};

section parse_section(const bytes& table, std::uint64_t index, bool wide) noexcept {
  const auto at = index * section_header_size(wide);
  const std::uint64_t word = wide ? 8 : 4;
  section result;
  result.type = table.u32(at + 4);
  result.flags = table.word(at + 8, wide), result.address = table.word(at + 8 + word, wide);
  result.offset = table.word(at + 8 + 2 * word, wide), result.size = table.word(at + 8 + 3 * word, wide);
  return result;
}

/// The section that some dynamic entries describe too.
struct pairing {
  std::uint32_t type;
  std::uint64_t address_tag, size_tag; // tag_null: none
};
constexpr pairing pairings[] = {
    {section_strings, tag_strtab, tag_strsz},
    {section_hash, tag_hash, tag_null},
    {section_gnu_hash, tag_gnu_hash, tag_null},
    {section_dynamic_symbols, tag_symtab, tag_null},
    {section_versym, tag_versym, tag_null},
    {section_verdef, tag_verdef, tag_null},
    {section_verneed, tag_verneed, tag_null},
    {section_init_array, tag_init_array, tag_init_arraysz},
    {section_fini_array, tag_fini_array, tag_fini_arraysz},
};

class section_checker {
public:
  explicit section_checker(tables& all) noexcept
      : all_(all) {}

  finding run() noexcept {
    if (auto bad = read()) return bad;
    for (std::uint64_t i = 0; i < count_; ++i) {
      auto each = parse_section(table_, i, all_.wide());
      each.at = all_.map.head.shoff + i * section_header_size(all_.wide());
      if ((each.flags & flag_allocated) == 0 || each.size == 0) continue;
      if (auto bad = check_one(each)) return bad;
    }
    if (auto bad = check_relocation_sizes()) return bad;
    return check_tls_extent();
  }

private:
  finding contradiction(const section& each, std::uint64_t here, std::uint64_t there) const noexcept {
    return {cause::contradiction, part::section, each.at, here, there};
  }

  // More sections than 65,279 are counted by the first one's size.
  finding read() noexcept {
    const auto& head = all_.map.head;
    const auto entry = section_header_size(head.wide);
    const auto room = (all_.file.file_size() - head.shoff) / entry;
    count_ = head.shnum;
    if (count_ == 0) {
      if (auto bad = all_.file.get(head.shoff, entry, table_)) return bad;
      count_ = parse_section(table_, 0, head.wide).size;
    }
    if (count_ > room) return {cause::truncated, part::section_headers, head.shoff, count_, room};
    return all_.file.get(head.shoff, count_ * entry, table_);
  }

  finding check_one(const section& each) noexcept {
    if (auto bad = check_place(each)) return bad;
    if (auto bad = check_pairing(each)) return bad;
    if (each.type == section_dynamic && each.address != all_.map.dynamic.vaddr)
      return contradiction(each, each.address, all_.map.dynamic.vaddr);
    if (each.type == section_rela || each.type == section_rel) relocation_bytes_ += each.size;
    if (each.type == section_dynamic_symbols) return check_symbol_count(each);
    if ((each.flags & flag_tls) != 0) extend_tls(each);
    return {};
  }

  // Thread-local zeros take no room in the image.
  finding check_place(const section& each) const noexcept {
    if ((each.flags & flag_tls) != 0 && !each.in_file()) return {};
    const auto* home = each.in_file() ? all_.map.find_in_file(each.address, each.size)
                                      : all_.map.find(each.address, each.size);
    if (home == nullptr) return {cause::not_mapped, part::section, each.at, each.address, each.size};
    const auto offset = home->offset + (each.address - home->vaddr);
    if (each.in_file() && offset != each.offset) return contradiction(each, each.offset, offset);
    if ((each.flags & flag_code) != 0 && (home->flags & may_execute) == 0)
      return {cause::not_code, part::section, each.at, each.address};
    if ((each.flags & flag_write) != 0 && (home->flags & may_write) == 0)
      return {cause::not_writable, part::section, each.at, each.address};
    return {};
  }

  finding check_pairing(const section& each) const noexcept {
    for (const auto& pair : pairings) {
      if (pair.type != each.type || !all_.dynamic.has(pair.address_tag)) continue;
      if (const auto other = all_.dynamic.value(pair.address_tag); other != each.address)
        return contradiction(each, each.address, other);
      if (pair.size_tag != tag_null && all_.dynamic.value(pair.size_tag) != each.size)
        return contradiction(each, each.size, all_.dynamic.value(pair.size_tag));
    }
    return {};
  }

  finding check_symbol_count(const section& each) const noexcept {
    const auto count = each.size / symbol_size(all_.wide());
    if (!all_.symbols_counted || count == all_.symbol_limit) return {};
    return contradiction(each, count, all_.symbol_limit);
  }

  finding check_relocation_sizes() const noexcept {
    const auto& dynamic = all_.dynamic;
    const auto promised = dynamic.value(tag_relasz) + dynamic.value(tag_relsz) + dynamic.value(tag_pltrelsz);
    const auto without_plt = dynamic.value(tag_relasz) + dynamic.value(tag_relsz);
    if (relocation_bytes_ == promised || relocation_bytes_ == without_plt) return {};
    return {cause::contradiction, part::section_headers, all_.map.head.shoff, relocation_bytes_, promised};
  }

  void extend_tls(const section& each) noexcept {
    if (each.address < tls_begin_) tls_begin_ = each.address;
    if (each.address + each.size > tls_end_) tls_end_ = each.address + each.size;
  }

  // Some linkers round the segment's size up to its alignment.
  finding check_tls_extent() const noexcept {
    const auto& tls = all_.map.tls;
    if (tls_begin_ == UINT64_MAX) return {};
    const auto end = tls.vaddr + tls.memsz;
    if (tls_begin_ == tls.vaddr && end >= tls_end_ && end - tls_end_ <= tls.align) return {};
    return {cause::contradiction, part::tls_segment, tls.at, tls.memsz, tls_end_ - tls_begin_};
  }

  tables& all_;
  bytes table_;
  std::uint64_t count_ = 0, relocation_bytes_ = 0, tls_begin_ = UINT64_MAX, tls_end_ = 0;
};

} // namespace

finding check_sections(tables& all) noexcept {
  return all.map.head.shoff == 0 ? finding{} : section_checker(all).run();
}

} // namespace tenure::inline v1::image::elf
