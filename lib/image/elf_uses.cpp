// ELF: a walk over all relocation tables, without judging them.
#include "elf_uses.hpp"

#include "machine.hpp"

namespace tenure::inline v1::image::elf {
namespace {

/// The types of one processor and class; 0 stands for "has none".
struct tls_rules {
  std::uint16_t machine = 0;
  bool wide = false;
  std::uint32_t module = 0, descriptor = 0, offset = 0, other_offset = 0;
};

constexpr tls_rules known_tls_rules[] = {
    {machine_x86_64, true, 16, 36, 18, 0},        {machine_386, false, 35, 41, 14, 37},
    {machine_aarch64, true, 1028, 1031, 1030, 0}, {machine_arm, false, 17, 13, 19, 0},
    {machine_riscv, true, 7, 12, 11, 0},          {machine_riscv, false, 6, 12, 10, 0},
    {machine_s390, true, 54, 0, 56, 0},           {machine_s390, false, 54, 0, 56, 0},
    {machine_loongarch, true, 7, 14, 11, 0},      {machine_loongarch, false, 6, 13, 10, 0},
    {machine_ppc64, true, 68, 0, 73, 0},          {machine_ppc, false, 68, 0, 73, 0},
};

const tls_rules* tls_rules_for(const header& head) noexcept {
  for (const auto& each : known_tls_rules)
    if (each.machine == head.machine && each.wide == head.wide) return &each;
  return nullptr;
}

tls_use use_of(const tls_rules* rules, std::uint32_t type) noexcept {
  if (rules == nullptr || type == 0) return tls_use::none;
  if (type == rules->module) return tls_use::module;
  if (type == rules->descriptor) return tls_use::descriptor;
  return type == rules->offset || type == rules->other_offset ? tls_use::offset : tls_use::none;
}

struct table_place {
  std::uint64_t tag, size_tag;
  bool addends;
};

finding read_table(tables& all, const table_place& place, use_sink sink) {
  const auto size = all.dynamic.value(place.size_tag);
  if (!all.dynamic.has(place.tag) || size == 0) return {};
  bytes table;
  if (auto bad =
          all.view(part::relocations, all.dynamic.at(place.tag), all.dynamic.value(place.tag), size, table))
    return bad;
  const auto* const rules = tls_rules_for(all.map.head);
  const auto count = size / ((place.addends ? 3 : 2) * all.map.head.word_size());
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto each = parse_relocation(table, i, all.map.head, place.addends);
    const auto use = use_of(rules, each.type);
    if (each.symbol != 0 || use != tls_use::none) sink.take(sink.context, each, use);
  }
  return {};
}

} // namespace

// MIPS packs a relocation's kind in an order of its own, and relocates its table of addresses without any.
bool can_read_uses(const tables& all) noexcept {
  return all.map.head.machine != machine_mips && !all.dynamic.has_packed_relocations();
}

finding read_relocation_uses(tables& all, use_sink sink) {
  if (!can_read_uses(all)) return {};
  const bool plt_addends = all.dynamic.value(tag_pltrel) == tag_rela;
  for (const auto& place : {table_place{tag_rela, tag_relasz, true}, table_place{tag_rel, tag_relsz, false},
                            table_place{tag_jmprel, tag_pltrelsz, plt_addends}})
    if (auto bad = read_table(all, place, sink)) return bad;
  return {};
}

} // namespace tenure::inline v1::image::elf
