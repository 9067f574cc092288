// ELF: both hash tables. The loader follows their chains without counting.
#include "elf_tables.hpp"
#include "machine.hpp"

namespace tenure::inline v1::image::elf {
namespace {

// The format says four bytes; two 64-bit machines have eight.
std::uint64_t hash_word(const header& head) noexcept {
  return head.wide && (head.machine == machine_s390 || head.machine == machine_alpha) ? 8 : 4;
}

/// The table of the System V ABI: count of buckets, count of symbols, buckets, chains.
struct sysv_table {
  bytes raw;
  std::uint64_t offset, buckets, chains, entry;

  std::uint64_t bucket(std::uint64_t i) const noexcept { return raw.word((2 + i) * entry, entry == 8); }
  std::uint64_t next(std::uint64_t i) const noexcept { return bucket(buckets + i); }
};

// Each symbol is on one chain, so that all chains together are as long as the table; a longer walk is a
// circle.
finding walk_chains(const sysv_table& table) noexcept {
  std::uint64_t steps = 0;
  for (std::uint64_t b = 0; b < table.buckets; ++b)
    for (auto i = table.bucket(b); i != 0; i = table.next(i)) {
      if (i >= table.chains) return {cause::out_of_range, part::hash_table, table.offset, i, table.chains};
      if (++steps > table.chains) return {cause::unterminated, part::hash_table, table.offset, b};
    }
  return {};
}

finding read_sysv(tables& all, sysv_table& table) noexcept {
  const auto address = all.dynamic.value(tag_hash), at = all.dynamic.at(tag_hash);
  table.entry = hash_word(all.map.head);
  table.offset = all.offset_of(address);
  bytes counts;
  if (auto bad = all.view(part::hash_table, at, address, 2 * table.entry, counts)) return bad;
  table.buckets = counts.word(0, table.entry == 8), table.chains = counts.word(table.entry, table.entry == 8);
  const auto room = all.room_at(address) / table.entry;
  if (table.buckets > room || table.chains > room)
    return {cause::out_of_range, part::hash_table, table.offset, table.buckets + table.chains, room};
  return all.view(part::hash_table, at, address, (2 + table.buckets + table.chains) * table.entry, table.raw);
}

/// GNU's table: counts, Bloom filter, buckets, and one chain word for each symbol from `first` on.
struct gnu_table {
  bytes raw;
  std::uint64_t offset, buckets, first, filter_words, buckets_at, chains_at;

  std::uint64_t bucket(std::uint64_t i) const noexcept { return raw.u32(buckets_at + 4 * i); }
  std::uint64_t chains() const noexcept { return (raw.size() - chains_at) / 4; }
  bool is_last(std::uint64_t index) const noexcept {
    return (raw.u32(chains_at + 4 * (index - first)) & 1) != 0;
  }
};

finding read_gnu(tables& all, gnu_table& table) noexcept {
  const auto address = all.dynamic.value(tag_gnu_hash), at = all.dynamic.at(tag_gnu_hash);
  constexpr std::uint64_t counts_size = 16;
  table.offset = all.offset_of(address);
  const auto room = all.room_at(address);
  if (auto bad =
          all.view(part::gnu_hash_table, at, address, room < counts_size ? counts_size : room, table.raw))
    return bad;
  table.buckets = table.raw.u32(0), table.first = table.raw.u32(4), table.filter_words = table.raw.u32(8);
  table.buckets_at = counts_size + table.filter_words * all.map.head.word_size();
  table.chains_at = table.buckets_at + 4 * table.buckets;
  if (table.chains_at > room) return {cause::out_of_range, part::gnu_hash_table, at, table.chains_at, room};
  return {};
}

// The loader masks with them: a filter of no words, or of a number that is not a power of two, leads outside.
finding check_gnu_counts(const gnu_table& table) noexcept {
  const auto words = table.filter_words;
  if (words == 0 || (words & (words - 1)) != 0)
    return {cause::bad_value, part::gnu_hash_table, table.offset + 8, words, 1};
  constexpr std::uint32_t hash_bits = 32;
  if (const auto shift = table.raw.u32(12); shift >= hash_bits)
    return {cause::out_of_range, part::gnu_hash_table, table.offset + 12, shift, hash_bits};
  if (table.buckets == 0) return {cause::bad_value, part::gnu_hash_table, table.offset, 0, 1};
  return {};
}

// A chain begins where another one ended.
finding check_bucket(const gnu_table& table, std::uint64_t index) noexcept {
  const auto at = table.offset + table.buckets_at + 4 * index;
  const auto symbol = table.bucket(index);
  if (symbol < table.first || symbol - table.first >= table.chains())
    return {cause::out_of_range, part::gnu_hash_table, at, symbol, table.first + table.chains()};
  if (symbol > table.first && !table.is_last(symbol - 1))
    return {cause::contradiction, part::gnu_hash_table, at, symbol, symbol - 1};
  return {};
}

finding find_last_chain(const gnu_table& table, std::uint64_t& highest) noexcept {
  highest = 0;
  for (std::uint64_t i = 0; i < table.buckets; ++i) {
    if (table.bucket(i) == 0) continue;
    if (auto bad = check_bucket(table, i)) return bad;
    if (table.bucket(i) > highest) highest = table.bucket(i);
  }
  return {};
}

} // namespace

finding check_hash(tables& all, std::uint64_t& count) noexcept {
  sysv_table table{};
  if (auto bad = read_sysv(all, table)) return bad;
  if (table.buckets == 0) return {cause::bad_value, part::hash_table, table.offset, 0, 1};
  count = table.chains;
  return walk_chains(table);
}

finding check_gnu_hash(tables& all, std::uint64_t& count) noexcept {
  gnu_table table{};
  if (auto bad = read_gnu(all, table)) return bad;
  if (auto bad = check_gnu_counts(table)) return bad;
  std::uint64_t symbol = 0;
  if (auto bad = find_last_chain(table, symbol)) return bad;
  if (symbol == 0) return {}; // nothing is exported, and nothing tells how many are imported
  while (!table.is_last(symbol))
    if (++symbol - table.first >= table.chains())
      return {cause::unterminated, part::gnu_hash_table, table.offset + table.chains_at};
  count = symbol + 1;
  return {};
}

} // namespace tenure::inline v1::image::elf
