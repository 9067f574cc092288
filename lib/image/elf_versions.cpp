// ELF: the version tables: definitions, needs, and the index that each symbol has.
#include "elf_tables.hpp"

#include <bitset>

namespace tenure::inline v1::image::elf {
namespace {

constexpr std::uint16_t index_mask = 0x7fff; // the top bit hides the symbol
constexpr std::uint16_t first_own_index = 2; // 0 is local, 1 is unversioned
constexpr std::uint16_t revision = 1;
using known_indices = std::bitset<index_mask + 1>;

/// Chained records: a main one, with a chain of smaller ones each. Both kinds of version table are so.
struct chain_shape {
  part where;
  std::uint64_t address_tag, count_tag;
  std::uint64_t size, count_at, aux_at, next_at; // of the main record
  std::uint64_t aux_size, aux_name_at, aux_next_at;
};
constexpr chain_shape needs{part::version_needs, tag_verneed, tag_verneednum, 16, 2, 8, 12, 16, 8, 12};
constexpr chain_shape definitions{
    part::version_definitions, tag_verdef, tag_verdefnum, 20, 6, 12, 16, 8, 0, 4};

// No version table that we met reaches a hundredth of this; without a limit a false one could be the whole
// file.
constexpr std::uint64_t max_table = std::uint64_t{1} << 20;

class chain_walker {
public:
  chain_walker(tables& all, const chain_shape& shape, known_indices& known, version_sink sink) noexcept
      : all_(all)
      , shape_(shape)
      , known_(known)
      , sink_(sink) {}

  finding walk() {
    const auto address = all_.dynamic.value(shape_.address_tag), at = all_.dynamic.at(shape_.address_tag);
    const auto room = all_.room_at(address);
    offset_ = all_.offset_of(address);
    if (auto bad = all_.view(shape_.where, at, address, room < max_table ? room : max_table, raw_))
      return bad;
    // Records may share their small ones; a total keeps that from being quadratic.
    budget_ = raw_.size() / shape_.aux_size;
    return walk_records();
  }

private:
  finding fault(cause what, std::uint64_t at, std::uint64_t found, std::uint64_t expected) const noexcept {
    return {what, shape_.where, offset_ + at, found, expected};
  }

  // The loader goes on until the link is zero, whatever the count says; so both must agree.
  finding walk_records() {
    const auto count = all_.dynamic.value(shape_.count_tag);
    std::uint64_t at = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (auto bad = check_record(at)) return bad;
      const auto step = raw_.u32(at + shape_.next_at);
      if ((step == 0) != (i + 1 == count))
        return fault(cause::contradiction, at + shape_.next_at, i + 1, count);
      if (step != 0 && step < shape_.size)
        return fault(cause::overlapping, at + shape_.next_at, at + step, at);
      at += step;
    }
    return {};
  }

  finding check_record(std::uint64_t at) {
    if (!raw_.holds(at, shape_.size)) return fault(cause::out_of_range, at, at, raw_.size());
    if (raw_.u16(at) != revision) return fault(cause::bad_value, at, raw_.u16(at), revision);
    own_index_ = raw_.u16(at + 4) & index_mask;
    if (shape_.where == part::version_needs)
      if (auto bad = check_library(at)) return bad;
    return walk_aux(at + raw_.u32(at + shape_.aux_at), raw_.u16(at + shape_.count_at));
  }

  finding walk_aux(std::uint64_t at, std::uint16_t count) {
    for (unsigned i = 0; i < count; ++i) {
      if (budget_-- == 0) return fault(cause::unterminated, at, i, count);
      if (auto bad = check_aux(at)) return bad;
      const auto step = raw_.u32(at + shape_.aux_next_at);
      if ((step == 0) != (i + 1 == count)) return fault(cause::contradiction, at, i + 1, count);
      at += step;
    }
    return {};
  }

  finding check_aux(std::uint64_t at) {
    if (!raw_.holds(at, shape_.aux_size)) return fault(cause::out_of_range, at, at, raw_.size());
    const auto name = raw_.u32(at + shape_.aux_name_at);
    if (name >= all_.strings.size()) return fault(cause::out_of_range, at, name, all_.strings.size());
    note_index(shape_.where == part::version_needs ? raw_.u16(at + 6) & index_mask : own_index_, name);
    return {};
  }

  // Of a definition's names the first is its own, the others are those that it includes.
  void note_index(unsigned index, std::uint32_t name) {
    if (!known_[index] && sink_.take != nullptr) sink_.take(sink_.context, index, name);
    known_.set(index);
  }

  // glibc asserts that the library is one of those it loaded for this one. Equal names nearly always have
  // equal offsets; where not, a prefix decides, so that long names cost nothing.
  finding check_library(std::uint64_t at) noexcept {
    const auto name = raw_.u32(at + 4);
    if (name >= all_.strings.size()) return fault(cause::out_of_range, at + 4, name, all_.strings.size());
    if (name == last_library_) return {};
    last_library_ = name;
    constexpr std::uint64_t compared = 256, compared_entries = 1024;
    const auto wanted = all_.strings.text(name, compared);
    for (std::uint64_t i = 0; i < all_.dynamic.count() && i < compared_entries; ++i) {
      if (all_.dynamic.tag_of(i) != tag_needed) continue;
      if (all_.strings.text(all_.dynamic.value_of(i), compared) == wanted) return {};
    }
    return fault(cause::missing, at + 4, 0, tag_needed);
  }

  tables& all_;
  const chain_shape& shape_;
  known_indices& known_;
  version_sink sink_;
  bytes raw_;
  unsigned own_index_ = 0; // of the definition whose names are being read
  std::uint64_t offset_ = 0, budget_ = 0, last_library_ = UINT64_MAX;
};

finding check_indices(tables& all, const known_indices& known) noexcept {
  if (!all.dynamic.has(tag_versym) || !all.symbols_counted) return {};
  bytes indices;
  const auto address = all.dynamic.value(tag_versym), at = all.dynamic.at(tag_versym);
  if (auto bad = all.view(part::version_indices, at, address, 2 * all.symbol_limit, indices)) return bad;
  for (std::uint64_t i = 0; i < all.symbol_limit; ++i) {
    const std::uint16_t index = indices.u16(2 * i) & index_mask;
    if (index >= first_own_index && !known[index])
      return {cause::out_of_range, part::version_indices, all.offset_of(address) + 2 * i, index,
              known.count()};
  }
  return {};
}

finding walk_versions(tables& all, known_indices& known, version_sink sink) {
  if (all.dynamic.has(tag_verdef))
    if (auto bad = chain_walker(all, definitions, known, sink).walk()) return bad;
  if (all.dynamic.has(tag_verneed))
    if (auto bad = chain_walker(all, needs, known, sink).walk()) return bad;
  return {};
}

} // namespace

finding check_versions(tables& all) noexcept {
  known_indices known; // 4 KiB of stack
  if (auto bad = walk_versions(all, known, {})) return bad;
  return check_indices(all, known);
}

finding read_version_names(tables& all, version_sink sink) {
  known_indices known;
  return walk_versions(all, known, sink);
}

} // namespace tenure::inline v1::image::elf
