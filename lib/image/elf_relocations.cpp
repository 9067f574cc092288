// ELF: relocation tables, and the arrays of initialisers that only relocations fill.
#include "elf_relocations.hpp"

#include "machine.hpp"

namespace tenure::inline v1::image::elf {
namespace {

constexpr relocation_rules known_rules[] = {
    {machine_x86_64, 8, 37, 5, 6, 7, 1},
    {machine_386, 8, 42, 5, 6, 7, 1},
    {machine_aarch64, 1027, 1032, 1024, 1025, 1026, 257},
    {machine_arm, 23, 160, 20, 21, 22, 2},
    {machine_riscv, 3, 58, 4, 0, 5, 2},
    {machine_s390, 12, 61, 9, 10, 11, 22},
    {machine_loongarch, 3, 12, 4, 0, 5, 2},
};

// The initialiser or finaliser array: every slot is called, so every slot must get an address of code.
struct pointer_array {
  part where = part::init_array;
  std::uint64_t begin = 0, size = 0, filled = 0;
  bytes raw;

  bool has(std::uint64_t address) const noexcept { return address >= begin && address - begin < size; }
};

class relocation_checker {
public:
  explicit relocation_checker(tables& all) noexcept
      : all_(all)
      , rules_(all.dynamic.has_packed_relocations() ? nullptr : rules_for(all.map.head)) {}

  finding run() noexcept {
    if (auto bad = read_array(tag_init_array, tag_init_arraysz, arrays_[0])) return bad;
    if (auto bad = read_array(tag_fini_array, tag_fini_arraysz, arrays_[1])) return bad;
    if (auto bad = prepare_marks()) return bad;
    if (auto bad = check_table(tag_rela, tag_relasz, tag_relacount, true)) return bad;
    if (auto bad = check_table(tag_rel, tag_relsz, tag_relcount, false)) return bad;
    if (auto bad = check_plt_table()) return bad;
    if (auto bad = check_compact_table()) return bad;
    return check_arrays_filled();
  }

private:
  finding read_array(std::uint64_t tag, std::uint64_t size_tag, pointer_array& into) noexcept {
    const auto at = all_.dynamic.at(size_tag), word = all_.map.head.word_size();
    into.where = part::init_array;
    into.begin = all_.dynamic.value(tag), into.size = all_.dynamic.value(size_tag);
    if (into.size % word != 0) return {cause::misaligned, into.where, at, into.size, word};
    if (into.size != 0 && into.begin % word != 0)
      return {cause::misaligned, into.where, all_.dynamic.at(tag), into.begin, word};
    return into.size == 0 ? finding{} : all_.view(into.where, at, into.begin, into.size, into.raw);
  }

  // Four bytes is the narrowest thing that a relocation writes.
  static constexpr std::uint64_t granule = 4;

  finding prepare_marks() noexcept {
    std::uint64_t first = UINT64_MAX, end = 0;
    for (const auto& each : all_.map.loads()) {
      if ((each.flags & may_write) == 0) continue;
      first = each.vaddr < first ? each.vaddr : first;
      end = each.vaddr + each.filesz;
    }
    // What is spread wider than the file is long cannot be full of relocations.
    const auto count = first < end && end - first <= all_.file.file_size() ? (end - first) / granule : 0;
    if (targets_.cover(first / granule, count)) return {};
    return {cause::out_of_memory, part::relocations, 0, 0, count};
  }

  finding check_table(std::uint64_t tag, std::uint64_t size_tag, std::uint64_t count_tag,
                      bool addends) noexcept {
    if (!all_.dynamic.has(tag)) return {};
    const auto relative = all_.dynamic.value(count_tag);
    const auto entry = (addends ? 3 : 2) * all_.map.head.word_size();
    if (relative > all_.dynamic.value(size_tag) / entry)
      return {cause::out_of_range, part::relocations, all_.dynamic.at(count_tag), relative,
              all_.dynamic.value(size_tag) / entry};
    return check_entries(tag, all_.dynamic.value(tag), all_.dynamic.value(size_tag), addends, relative);
  }

  // Some linkers let DT_RELA's range include the other table.
  finding check_plt_table() noexcept {
    if (!all_.dynamic.has(tag_jmprel)) return {};
    const bool addends = all_.dynamic.value(tag_pltrel) == tag_rela;
    const auto begin = all_.dynamic.value(tag_jmprel), size = all_.dynamic.value(tag_pltrelsz);
    const auto other = all_.dynamic.value(addends ? tag_rela : tag_rel);
    const auto other_size = all_.dynamic.value(addends ? tag_relasz : tag_relsz);
    if (begin >= other && begin - other < other_size) return {};
    return check_entries(tag_jmprel, begin, size, addends, 0);
  }

  finding check_entries(std::uint64_t tag, std::uint64_t address, std::uint64_t size, bool addends,
                        std::uint64_t relative) noexcept {
    const auto entry = (addends ? 3 : 2) * all_.map.head.word_size();
    const auto at = all_.dynamic.at(tag);
    if (size % entry != 0) return {cause::misaligned, part::relocations, at, size, entry};
    bytes table;
    if (auto bad = all_.view(part::relocations, at, address, size, table)) return bad;
    const auto offset = all_.offset_of(address);
    for (std::uint64_t i = 0; i < size / entry; ++i) {
      auto each = parse_relocation(table, i, all_.map.head, addends);
      each.at = offset + i * entry;
      if (auto bad = check_one(each, i < relative)) return bad;
    }
    return {};
  }

  finding check_one(const relocation& each, bool must_be_relative) noexcept {
    if (rules_ != nullptr && must_be_relative && each.type != rules_->relative)
      return {cause::bad_value, part::relocations, each.at, each.type, rules_->relative};
    if (auto bad = check_symbol_index(each)) return bad;
    if (each.type == 0) return {};
    if (auto bad = check_target(each.at, each.target)) return bad;
    return rules_ != nullptr ? check_by_rules(each) : finding{};
  }

  finding check_symbol_index(const relocation& each) const noexcept {
    if (each.symbol == 0) return {};
    if (each.symbol >= all_.symbol_limit)
      return {cause::out_of_range, part::relocations, each.at, each.symbol, all_.symbol_limit};
    return all_.symbols_counted ? finding{} : check_symbol(all_, each.symbol);
  }

  finding check_target(std::uint64_t at, std::uint64_t target) noexcept {
    const auto* home = all_.map.find(target, granule);
    if (home == nullptr) return {cause::not_mapped, part::relocations, at, target, granule};
    if ((home->flags & may_write) == 0 && !may_write_text())
      return {cause::not_writable, part::relocations, at, target};
    if (rules_ != nullptr && targets_.mark_again(target / granule))
      return {cause::duplicate, part::relocations, at, target};
    for (auto& array : arrays_)
      if (array.has(target)) ++array.filled;
    return {};
  }

  bool may_write_text() const noexcept {
    return all_.dynamic.has(tag_textrel) || (all_.dynamic.value(tag_flags) & flag_textrel) != 0;
  }

  finding check_by_rules(const relocation& each) noexcept {
    const auto& rules = *rules_;
    const auto type = each.type;
    if (type == rules.copy) return {cause::bad_value, part::relocations, each.at, type, rules.relative};
    const bool symbolic = type == rules.got_entry || type == rules.plt_entry;
    const bool relative = type == rules.relative || type == rules.irelative;
    if (relative && each.symbol != 0)
      return {cause::out_of_range, part::relocations, each.at, each.symbol, 1};
    if (symbolic && each.symbol == 0) return {cause::bad_value, part::relocations, each.at, 0, 1};
    const auto word = all_.map.head.word_size();
    if (symbolic && each.target % word != 0)
      return {cause::misaligned, part::relocations, each.at, each.target, word};
    if (!relative) return {};
    return each.has_addend ? check_addend(each) : check_in_place(each.at, each.target);
  }

  finding check_addend(const relocation& each) const noexcept {
    const bool called =
        each.type == rules_->irelative || arrays_[0].has(each.target) || arrays_[1].has(each.target);
    if (!called || all_.map.is_code(each.addend)) return {};
    return {cause::not_code, part::relocations, each.at, each.addend};
  }

  // Without an addend of its own a relocation adds to what the slot has.
  finding check_in_place(std::uint64_t at, std::uint64_t target) const noexcept {
    for (const auto& array : arrays_) {
      if (!array.has(target)) continue;
      const auto address = array.raw.word(target - array.begin, all_.wide());
      if (!all_.map.is_code(address)) return {cause::not_code, array.where, at, address};
    }
    return {};
  }

  finding check_relative(std::uint64_t at, std::uint64_t target) noexcept {
    if (auto bad = check_target(at, target)) return bad;
    return rules_ != nullptr ? check_in_place(at, target) : finding{};
  }

  // DT_RELR: an even word is an address; an odd one has a bit for each of the words behind the last address.
  finding check_compact_table() noexcept {
    if (!all_.dynamic.has(tag_relr)) return {};
    const auto word = all_.map.head.word_size(), size = all_.dynamic.value(tag_relrsz);
    const auto address = all_.dynamic.value(tag_relr), at = all_.dynamic.at(tag_relr);
    if (size % word != 0) return {cause::misaligned, part::relocations, at, size, word};
    bytes table;
    if (auto bad = all_.view(part::relocations, at, address, size, table)) return bad;
    const auto offset = all_.offset_of(address);
    std::uint64_t next = 0;
    for (std::uint64_t i = 0; i < size; i += word) {
      const auto entry = table.word(i, word == 8);
      if (i == 0 && (entry & 1) != 0) return {cause::bad_value, part::relocations, offset, entry, 0};
      if (auto bad =
              (entry & 1) != 0 ? check_bitmap(offset + i, entry, next) : check_start(offset + i, entry, next))
        return bad;
    }
    return {};
  }

  finding check_start(std::uint64_t at, std::uint64_t address, std::uint64_t& next) noexcept {
    next = address + all_.map.head.word_size();
    return check_relative(at, address);
  }

  finding check_bitmap(std::uint64_t at, std::uint64_t bits, std::uint64_t& next) noexcept {
    const auto word = all_.map.head.word_size();
    auto address = next;
    for (auto rest = bits >> 1; rest != 0; rest >>= 1, address += word)
      if ((rest & 1) != 0)
        if (auto bad = check_relative(at, address)) return bad;
    next += (8 * word - 1) * word;
    return {};
  }

  finding check_arrays_filled() const noexcept {
    if (rules_ == nullptr) return {};
    const auto word = all_.map.head.word_size();
    for (const auto& each : arrays_)
      if (each.filled != each.size / word)
        return {cause::contradiction, each.where, all_.offset_of(each.begin), each.filled, each.size / word};
    return {};
  }

  tables& all_;
  const relocation_rules* rules_;
  std::array<pointer_array, 2> arrays_{};
  marks targets_; // that one symbol has only one slot would be wrong: lld makes two when it folds functions
};

finding check_function(const tables& all, std::uint64_t tag) noexcept {
  const auto address = all.dynamic.value(tag);
  if (address == 0 || rules_for(all.map.head) == nullptr || all.map.is_code(address)) return {};
  return {cause::not_code, part::init_function, all.dynamic.at(tag), address};
}

} // namespace

const relocation_rules* rules_for(const header& head) noexcept {
  for (const auto& each : known_rules)
    if (each.machine == head.machine) return &each;
  return nullptr;
}

relocation parse_relocation(const bytes& table, std::uint64_t index, const header& head,
                            bool with_addend) noexcept {
  const auto word = head.word_size();
  const auto at = index * (with_addend ? 3 : 2) * word;
  const auto info = table.word(at + word, head.wide);
  relocation result;
  result.target = table.word(at, head.wide);
  result.type = static_cast<std::uint32_t>(head.wide ? info & 0xffffffff : info & 0xff);
  result.symbol = head.wide ? info >> 32 : info >> 8;
  result.addend = with_addend ? table.word(at + 2 * word, head.wide) : 0;
  result.has_addend = with_addend;
  return result;
}

bool marks::cover(std::uint64_t first, std::uint64_t count) noexcept {
  const auto words = static_cast<std::size_t>(count / 64 + 1);
  words_.reset(new (std::nothrow) std::uint64_t[words]());
  first_ = first, count_ = words_ ? count : 0;
  return words_ != nullptr;
}

bool marks::mark_again(std::uint64_t number) noexcept {
  if (number < first_ || number - first_ >= count_) return false;
  auto& word = words_[static_cast<std::size_t>((number - first_) / 64)];
  const auto bit = std::uint64_t{1} << ((number - first_) % 64);
  const bool before = (word & bit) != 0;
  word |= bit;
  return before;
}

finding check_relocations(tables& all) noexcept {
  if (auto bad = check_function(all, tag_init)) return bad;
  if (auto bad = check_function(all, tag_fini)) return bad;
  // MIPS packs a relocation's kind in an order of its own, and relocates its table of addresses without any.
  if (all.map.head.machine == machine_mips) return {};
  return relocation_checker(all).run();
}

} // namespace tenure::inline v1::image::elf
