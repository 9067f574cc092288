// ELF tables: damage that would crash the system's loader is found by level `tables`, and not by `headers`.
#include "support/elf_builder.hpp"

#include <doctest/doctest.h>

namespace image = tenure::image;
using image::cause;
using image::level;
using image::part;
using tenure_test::build_elf;
using tenure_test::elf_file;
using tenure_test::elf_options;

namespace {

image::finding tables_of(const elf_file& file) {
  return tenure_test::check(file.data, level::tables, file.process());
}

void expect(const elf_file& file, cause what, part where) {
  const auto fault = tables_of(file);
  CHECK_MESSAGE(fault.what == what, image::describe(fault));
  CHECK_MESSAGE(fault.where == where, image::describe(fault));
  CHECK_FALSE(tenure_test::check(file.data, level::headers, file.process()));
}

// Tags of the dynamic section.
constexpr std::uint64_t hash = 4, strtab = 5, symtab = 6, rela = 7, relasz = 8, relaent = 9, strsz = 10,
                        syment = 11, init = 12, soname = 14, init_array = 25, init_arraysz = 27,
                        gnu_hash = 0x6ffffef5, versym = 0x6ffffff0, relacount = 0x6ffffff9,
                        verdefnum = 0x6ffffffd, verneednum = 0x6fffffff;

} // namespace

TEST_SUITE_BEGIN("image: ELF tables");

TEST_CASE("a dynamic section without an end is refused") {
  auto file = build_elf();
  file.set(file.tags.at(0), 0x6ffffe01, 8);
  expect(file, cause::unterminated, part::dynamic_section);
}

TEST_CASE("an entry that the loader needs must be there") {
  for (const auto tag : {strtab, strsz, symtab, syment, relasz, relaent, rela, init_array, init_arraysz,
                         versym, verneednum, verdefnum}) {
    auto file = build_elf();
    file.drop_tag(tag);
    expect(file, cause::missing, part::dynamic_section);
  }
}

TEST_CASE("a library without any hash table is refused, with either it passes") {
  auto file = build_elf();
  file.drop_tag(hash);
  CHECK_FALSE(tables_of(file));
  file.drop_tag(gnu_hash);
  expect(file, cause::missing, part::dynamic_section);
  file = build_elf();
  file.drop_tag(gnu_hash);
  CHECK_FALSE(tables_of(file));
}

TEST_CASE("an entry that occurs twice is refused") {
  auto file = build_elf();
  file.set(file.tags.at(soname), strtab, 8);
  expect(file, cause::duplicate, part::dynamic_section);
}

TEST_CASE("sizes of entries are those of the format") {
  for (const auto tag : {relaent, syment}) {
    auto file = build_elf();
    file.set_tag(tag, 17);
    expect(file, cause::bad_value, part::dynamic_section);
  }
}

TEST_CASE("a string table must lie in the file and end in NUL") {
  auto file = build_elf();
  file.set_tag(strtab, 0x7000);
  expect(file, cause::not_mapped, part::string_table);
  file = build_elf();
  file.set(file.at("strings_end") - 1, 'x', 1);
  expect(file, cause::unterminated, part::string_table);
  file = build_elf();
  file.set_tag(soname, 0x5000);
  expect(file, cause::out_of_range, part::dynamic_section);
}

TEST_CASE("a hash chain that runs in a circle is refused") {
  auto file = build_elf();
  const auto chains = file.at("hash") + 4 * 3;
  file.set(chains + 4 * 1, 6, 4); // the last leads back to the first
  expect(file, cause::unterminated, part::hash_table);
}

TEST_CASE("a hash chain that leaves the table is refused") {
  auto file = build_elf();
  file.set(file.at("hash") + 8, 700, 4);
  expect(file, cause::out_of_range, part::hash_table);
  file = build_elf();
  file.set(file.at("hash"), 0, 4);
  expect(file, cause::bad_value, part::hash_table);
  file = build_elf();
  file.set(file.at("hash") + 4, UINT32_MAX, 4);
  expect(file, cause::out_of_range, part::hash_table);
}

TEST_CASE("GNU's hash table is checked for all that the loader computes with") {
  const struct {
    std::size_t at;
    std::uint64_t value;
    cause what;
  } cases[] = {
      {0, 0, cause::bad_value},     {0, UINT32_MAX, cause::out_of_range}, {8, 0, cause::bad_value},
      {8, 3, cause::out_of_range},  {8, UINT32_MAX, cause::out_of_range}, {12, 40, cause::out_of_range},
      {24, 2, cause::out_of_range}, {24, 4000, cause::out_of_range},      {24, 4, cause::contradiction},
  };
  for (const auto& each : cases) {
    auto file = build_elf();
    file.drop_tag(hash);
    file.set(file.at("gnu_hash") + each.at, each.value, 4);
    const auto fault = tables_of(file);
    CHECK_MESSAGE(fault, each.at << " = " << each.value);
    CHECK(fault.where == part::gnu_hash_table);
  }
}

TEST_CASE("a symbol's name must lie in the string table") {
  auto file = build_elf();
  file.set(file.at("symbols") + 24 * 3, 100000, 4);
  expect(file, cause::out_of_range, part::symbol_table);
}

TEST_CASE("a symbol's value must lie in the image, a function's in its code") {
  auto file = build_elf();
  file.set(file.at("symbols") + 24 * 4 + 8, 0x900000, 8);
  expect(file, cause::not_mapped, part::symbol_table);
  file = build_elf();
  file.set(file.at("symbols") + 24 * 3 + 8, 0x2000, 8);
  expect(file, cause::not_mapped, part::symbol_table);
  file = build_elf();
  file.set(file.at("symbols") + 24 * 6 + 8, 0x1000, 8); // beyond the thread-local segment
  expect(file, cause::not_mapped, part::symbol_table);
}

TEST_CASE("a symbol's kind must be known, its section need not be") {
  auto file = build_elf();
  file.set(file.at("symbols") + 24 * 3 + 4, 0x19, 1);
  expect(file, cause::bad_value, part::symbol_table);
  file = build_elf();
  file.set(file.at("symbols") + 24 * 3 + 6, 48, 2);
  CHECK_FALSE(tables_of(file));
}

TEST_CASE("a symbol's version must be defined or needed") {
  auto file = build_elf();
  file.set(file.at("versym") + 2 * 3, 9, 2);
  expect(file, cause::out_of_range, part::version_indices);
}

TEST_CASE("chains of versions must end where their counts say") {
  const struct {
    const char* table;
    std::size_t at;
    std::uint64_t value;
    part where;
  } cases[] = {
      {"verneed", 0, 2, part::version_needs},
      {"verneed", 2, 2, part::version_needs},
      {"verneed", 12, 4, part::version_needs},
      {"verneed", 8, 0x8000, part::version_needs},
      {"verneed", 4, 0x8000, part::version_needs},
      {"verneed", 16 + 8, 0x8000, part::version_needs},
      {"verdef", 0, 7, part::version_definitions},
      {"verdef", 12, 0x8000, part::version_definitions},
      {"verdef", 20, 0x8000, part::version_definitions},
  };
  for (const auto& each : cases) {
    auto file = build_elf();
    file.set(file.at(each.table) + each.at, each.value, each.at == 0 || each.at == 2 ? 2 : 4);
    CHECK_MESSAGE(tables_of(file).where == each.where, each.table << " + " << each.at);
  }
}

TEST_CASE("versions are needed only of libraries that are needed") {
  auto file = build_elf();
  file.set(file.at("verneed") + 4, file.at("string libplugin.so"), 4);
  expect(file, cause::missing, part::version_needs);
}

TEST_CASE("a relocation must write where writing is allowed, and refer to a symbol that exists") {
  const struct {
    std::size_t at;
    std::uint64_t value;
    cause what;
  } cases[] = {
      {0, 0x900000, cause::not_mapped},
      {0, 0x1000, cause::not_writable},
      {8, 8 | 3ULL << 32, cause::out_of_range},
      {16, 0x2000, cause::not_code},
      {24, 0x2020, cause::duplicate},
      {48, 0x2038, cause::none},
      {56, 1 | 700ULL << 32, cause::out_of_range},
      {56, 5 | 1ULL << 32, cause::bad_value},
      {8, 6, cause::bad_value},
  };
  for (const auto& each : cases) {
    auto file = build_elf();
    file.set(file.at("rela") + each.at, each.value, 8);
    const auto fault = tables_of(file);
    CHECK_MESSAGE(fault.what == each.what, each.at << ": " << image::describe(fault));
  }
}

TEST_CASE("no more relocations are relative than there are") {
  auto file = build_elf();
  file.set_tag(relacount, 3);
  expect(file, cause::bad_value, part::relocations); // the third is not
  file.set_tag(relacount, 4);
  expect(file, cause::out_of_range, part::relocations);
}

TEST_CASE("every initialiser must be relocated to code") {
  auto file = build_elf();
  file.set_tag(init_arraysz, 32); // four slots, three of which have a relocation
  expect(file, cause::contradiction, part::init_array);
  file = build_elf();
  file.set_tag(init_arraysz, 12);
  expect(file, cause::misaligned, part::init_array);
  file = build_elf();
  file.set_tag(init, 0x2000);
  expect(file, cause::not_code, part::init_function);
}

TEST_CASE("compact relocations are followed") {
  elf_options options;
  options.relr = true;
  CHECK_FALSE(tables_of(build_elf(options)));
  auto file = build_elf(options);
  file.set(file.at("relr"), 0x900000, 8);
  expect(file, cause::not_mapped, part::relocations);
  file = build_elf(options);
  file.set(file.at("relr") + 8, UINT64_MAX, 8); // the word behind each of 63 slots
  CHECK(tables_of(file));
  file = build_elf(options);
  file.set(file.at("relr"), 3, 8);
  expect(file, cause::bad_value, part::relocations);
  file = build_elf(options);
  file.set(file.at("init_array"), 0x40, 8);
  expect(file, cause::not_code, part::init_array);
}

TEST_CASE("the other segments are checked against the image") {
  const struct {
    std::size_t segment, field;
    std::uint64_t value;
    part where;
  } cases[] = {
      {4, 16, 0x900000, part::note_segment},
      {4, 40, 0x300000, part::note_segment},
      {5, 40, 4, part::tls_segment},
      {5, 48, 12, part::tls_segment},
      {5, 16, 0x5000, part::tls_segment},
      {6, 16, 0, part::relro_segment},
      {6, 40, UINT64_MAX, part::relro_segment},
  };
  for (const auto& each : cases) {
    auto file = build_elf();
    file.set(64 + 56 * each.segment + each.field, each.value, 8);
    const auto fault = tables_of(file);
    CHECK(fault);
    const bool beyond =
        fault.where == each.where || fault.where == part::symbol_table; // thread-local symbols
    CHECK_MESSAGE(beyond, each.segment << ": " << image::describe(fault));
  }
}

TEST_CASE("section headers that contradict the rest are refused") {
  auto file = build_elf();
  const auto symbols = file.at("sections") + 3 * 64;
  file.set(symbols + 16, file.at("symbols") + 24, 8); // sh_addr
  expect(file, cause::contradiction, part::section);
  file = build_elf();
  file.set(file.at("sections") + 4 * 64 + 32, 3, 8); // sh_size of the strings
  expect(file, cause::contradiction, part::section);
}

TEST_CASE("a random byte of damage is never more than a finding") {
  const auto whole = build_elf();
  unsigned refused = 0;
  for (std::size_t at = 0; at < whole.data.size(); ++at)
    for (const unsigned flip : {0x01u, 0x80u, 0xffu}) {
      auto file = whole;
      file.data[at] ^= static_cast<std::byte>(flip);
      refused += static_cast<bool>(tables_of(file));
    }
  CHECK(refused > 1500);
}

TEST_SUITE_END();
