// ELF: the dynamic section, and what it must contain for the loader to work on it.
#include "elf_tables.hpp"

namespace tenure::inline v1::image::elf {
namespace {

constexpr std::uint64_t first_version_tag = 0x6ffffff0;
constexpr std::uint64_t last_version_tag = 0x6fffffff;
// DT_ANDROID_REL to DT_ANDROID_RELASZ, and DT_ANDROID_RELR to DT_ANDROID_RELRENT
constexpr bool is_packed_relocation(std::uint64_t tag) noexcept {
  return (tag >= 0x6000000f && tag <= 0x60000012) || (tag >= 0x6fffe000 && tag <= 0x6fffe003);
}

// The loader follows the first without asking for the second.
struct requirement {
  std::uint64_t tag, needs;
};
constexpr requirement requirements[] = {
    {tag_strtab, tag_strsz},
    {tag_symtab, tag_syment},
    {tag_rela, tag_relasz},
    {tag_relasz, tag_rela},
    {tag_relaent, tag_rela},
    {tag_rela, tag_relaent},
    {tag_rel, tag_relsz},
    {tag_relsz, tag_rel},
    {tag_rel, tag_relent},
    {tag_relent, tag_rel},
    {tag_jmprel, tag_pltrelsz},
    {tag_pltrelsz, tag_jmprel},
    {tag_jmprel, tag_pltrel},
    {tag_relr, tag_relrsz},
    {tag_relrsz, tag_relr},
    {tag_relr, tag_relrent},
    {tag_init_array, tag_init_arraysz},
    {tag_init_arraysz, tag_init_array},
    {tag_fini_array, tag_fini_arraysz},
    {tag_fini_arraysz, tag_fini_array},
    {tag_verneed, tag_versym},
    {tag_verdef, tag_versym},
    {tag_verneed, tag_verneednum},
    {tag_verneednum, tag_verneed},
    {tag_verdef, tag_verdefnum},
    {tag_verdefnum, tag_verdef},
    {tag_relacount, tag_rela},
    {tag_relcount, tag_rel},
};

finding missing_tag(const tables& all, std::uint64_t tag) noexcept {
  return {cause::missing, part::dynamic_section, all.map.dynamic.offset, 0, tag};
}

finding check_requirements(const tables& all) noexcept {
  for (const auto tag : {tag_strtab, tag_symtab})
    if (!all.dynamic.has(tag)) return missing_tag(all, tag);
  for (const auto& each : requirements)
    if (all.dynamic.has(each.tag) && !all.dynamic.has(each.needs)) return missing_tag(all, each.needs);
  if (!all.dynamic.has(tag_hash) && !all.dynamic.has(tag_gnu_hash)) return missing_tag(all, tag_gnu_hash);
  return {};
}

finding expect_value(const tables& all, std::uint64_t tag, std::uint64_t wanted) noexcept {
  if (!all.dynamic.has(tag) || all.dynamic.value(tag) == wanted) return {};
  return {cause::bad_value, part::dynamic_section, all.dynamic.at(tag), all.dynamic.value(tag), wanted};
}

// glibc asserts these, and an assertion ends the process.
finding check_entry_sizes(const tables& all) noexcept {
  const auto word = all.map.head.word_size();
  if (auto bad = expect_value(all, tag_syment, symbol_size(all.wide()))) return bad;
  if (auto bad = expect_value(all, tag_relaent, 3 * word)) return bad;
  if (auto bad = expect_value(all, tag_relent, 2 * word)) return bad;
  if (auto bad = expect_value(all, tag_relrent, word)) return bad;
  if (!all.dynamic.has(tag_pltrel) || all.dynamic.has(tag_rela) == all.dynamic.has(tag_rel)) {
    const auto kind = all.dynamic.value(tag_pltrel);
    return kind == tag_rel ? finding{} : expect_value(all, tag_pltrel, tag_rela);
  }
  return expect_value(all, tag_pltrel, all.dynamic.has(tag_rela) ? tag_rela : tag_rel);
}

bool names_a_string(std::uint64_t tag) noexcept {
  switch (tag) {
  case tag_needed:
  case tag_soname:
  case tag_rpath:
  case tag_runpath:
  case tag_auxiliary:
  case tag_filter:
    return true;
  default:
    return false;
  }
}

} // namespace

std::size_t dynamic_section::slot_of(std::uint64_t tag) noexcept {
  if (tag < standard_slots) return static_cast<std::size_t>(tag);
  if (tag >= first_version_tag && tag <= last_version_tag)
    return standard_slots + static_cast<std::size_t>(tag - first_version_tag);
  return tag == tag_gnu_hash ? gnu_hash_slot : no_slot;
}

finding dynamic_section::keep(std::uint64_t index) noexcept {
  const auto tag = tag_of(index);
  packed_ = packed_ || is_packed_relocation(tag);
  const auto slot = slot_of(tag);
  if (slot == no_slot) return {};
  auto& kept = slots_[slot];
  if (kept.at != 0 && tag != tag_needed)
    return {cause::duplicate, part::dynamic_section, offset_of(index), tag, kept.at};
  kept = {value_of(index), offset_of(index)};
  return {};
}

finding dynamic_section::parse(const bytes& raw, bool wide, std::uint64_t offset) noexcept {
  raw_ = raw, wide_ = wide, offset_ = offset;
  const auto limit = raw.size() / step();
  for (count_ = 0; count_ < limit; ++count_) {
    if (tag_of(count_) == tag_null) return {};
    if (auto bad = keep(count_)) return bad;
  }
  return {cause::unterminated, part::dynamic_section, offset, count_};
}

finding tables::view(part where, std::uint64_t at, std::uint64_t address, std::uint64_t count,
                     bytes& into) noexcept {
  const auto* home = map.find_in_file(address, count);
  if (home == nullptr) return {cause::not_mapped, where, at, address, count};
  auto bad = file.get(home->offset + (address - home->vaddr), count, into);
  if (bad) bad.where = where;
  return bad;
}

std::uint64_t tables::offset_of(std::uint64_t address) const noexcept {
  const auto* home = map.find_in_file(address, 0);
  return home ? home->offset + (address - home->vaddr) : 0;
}

std::uint64_t tables::room_at(std::uint64_t address) const noexcept {
  const auto* home = map.find_in_file(address, 0);
  if (home == nullptr) return 0;
  auto end = home->vaddr + home->filesz;
  for (const auto tag :
       {tag_hash, tag_gnu_hash, tag_strtab, tag_symtab, tag_rela, tag_rel, tag_jmprel, tag_relr, tag_versym,
        tag_verdef, tag_verneed, tag_init, tag_fini, tag_init_array, tag_fini_array})
    if (dynamic.has(tag) && dynamic.value(tag) > address && dynamic.value(tag) < end)
      end = dynamic.value(tag);
  return end - address;
}

finding read_dynamic(tables& all) noexcept {
  const auto& segment = all.map.dynamic;
  bytes raw;
  if (auto bad = all.file.get(segment.offset, segment.filesz, raw)) return bad;
  if (auto bad = all.dynamic.parse(raw, all.wide(), segment.offset)) return bad;
  if ((all.dynamic.value(tag_flags_1) & flag_1_pie) != 0)
    return {cause::position_independent_executable, part::dynamic_section, all.dynamic.at(tag_flags_1)};
  if (auto bad = check_requirements(all)) return bad;
  return check_entry_sizes(all);
}

finding read_strings(tables& all) noexcept {
  const auto size = all.dynamic.value(tag_strsz);
  const auto at = all.dynamic.at(tag_strtab);
  if (auto bad = all.view(part::string_table, at, all.dynamic.value(tag_strtab), size, all.strings))
    return bad;
  const auto begin = all.offset_of(all.dynamic.value(tag_strtab));
  if (size == 0) return {cause::missing, part::string_table, at, 0, 1};
  if (all.strings.u8(size - 1) != 0) return {cause::unterminated, part::string_table, begin + size - 1};
  for (std::uint64_t i = 0; i < all.dynamic.count(); ++i)
    if (names_a_string(all.dynamic.tag_of(i)) && all.dynamic.value_of(i) >= size)
      return {cause::out_of_range, part::dynamic_section, all.dynamic.offset_of(i), all.dynamic.value_of(i),
              size};
  return {};
}

} // namespace tenure::inline v1::image::elf
