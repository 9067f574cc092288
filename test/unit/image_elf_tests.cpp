// ELF headers: what is refused before the system's loader sees the file, and why.
#include "support/elf_builder.hpp"

#include <doctest/doctest.h>

namespace image = tenure::image;
using image::byte_order;
using image::cause;
using image::level;
using image::part;
using tenure_test::build_elf;
using tenure_test::check;
using tenure_test::elf_file;
using tenure_test::elf_options;

namespace {

elf_options variant(bool wide, byte_order order, std::uint16_t machine, std::uint32_t relative) {
  elf_options result;
  result.wide = wide, result.order = order, result.machine = machine, result.relative_type = relative;
  return result;
}

const elf_options variants[] = {
    variant(true, byte_order::little, 62, 8), // x86-64
    variant(false, byte_order::little, 3, 8), // x86
    variant(true, byte_order::big, 22, 12),   // S/390, whose hash table has wide words
    variant(false, byte_order::big, 20, 22),  // PowerPC
};

image::finding headers_of(const elf_file& file) { return check(file.data, level::headers, file.process()); }

// Offsets in the 64-bit header.
constexpr std::size_t type_at = 16, machine_at = 18, phoff_at = 32, shoff_at = 40, phentsize_at = 54,
                      phnum_at = 56;

std::size_t segment_at(const elf_file&, std::size_t index, std::size_t field) {
  return 64 + 56 * index + field;
}
constexpr std::size_t p_type = 0, p_offset = 8, p_vaddr = 16, p_filesz = 32, p_memsz = 40, p_align = 48;

} // namespace

TEST_SUITE_BEGIN("image: ELF headers");

TEST_CASE("a whole library of any class and byte order passes both levels") {
  for (const auto& options : variants) {
    const auto file = build_elf(options);
    CHECK_FALSE(headers_of(file));
    CHECK_MESSAGE(!check(file.data, level::tables, file.process()),
                  image::describe(check(file.data, level::tables, file.process())));
  }
}

TEST_CASE("a library that was cut off at any byte is refused") {
  for (const auto& options : variants) {
    const auto whole = build_elf(options);
    for (std::size_t size = 0; size < whole.data.size(); ++size) {
      auto cut = whole;
      cut.data.resize(size);
      REQUIRE_MESSAGE(headers_of(cut), "at byte " << size);
    }
  }
}

TEST_CASE("a cut is told with what is missing") {
  auto file = build_elf();
  const auto whole = file.data.size();
  file.data.resize(whole - 1);
  const auto fault = headers_of(file);
  CHECK(fault.what == cause::truncated);
  CHECK(fault.where == part::section_headers);
  CHECK(fault.found == whole);
  CHECK(fault.expected == whole - 1);
  CHECK(image::describe(fault).find("cut off") == 0);
}

TEST_CASE("a library without section headers is whole if its segments are") {
  auto file = build_elf();
  file.set(shoff_at, 0, 8);
  file.data.resize(file.at("data_end"));
  CHECK_FALSE(headers_of(file));
  CHECK_FALSE(check(file.data, level::tables, file.process()));
  file.data.pop_back();
  CHECK(headers_of(file).what == cause::truncated);
}

TEST_CASE("a library for another machine, class or byte order is refused by name") {
  const auto file = build_elf();
  auto process = file.process();
  process.machine = 183;
  CHECK(check(file.data, level::headers, process).what == cause::foreign_machine);
  CHECK(image::describe(check(file.data, level::headers, process)) ==
        "built for x86-64, but this process is AArch64");
  process = file.process(), process.bits = 32;
  CHECK(check(file.data, level::headers, process).what == cause::foreign_class);
  process = file.process(), process.order = byte_order::big;
  CHECK(check(file.data, level::headers, process).what == cause::foreign_byte_order);
}

TEST_CASE("a 32-bit library of another machine is called both") {
  const auto file = build_elf(variants[1]);
  const image::target process{image::format::elf, byte_order::little, 64, 62};
  CHECK(image::describe(check(file.data, level::headers, process)) ==
        "built for x86 (32-bit), but this process is x86-64");
}

TEST_CASE("objects, executables and core files are named") {
  const std::pair<std::uint16_t, cause> types[] = {{1, cause::relocatable_object},
                                                   {2, cause::executable},
                                                   {4, cause::core_file},
                                                   {0xfe00, cause::other_file_type}};
  for (const auto& [type, what] : types) {
    auto file = build_elf();
    file.set(type_at, type, 2);
    CHECK(headers_of(file).what == what);
  }
  auto object = build_elf();
  object.set(type_at, 1, 2);
  CHECK(image::describe(headers_of(object)) ==
        "not a shared library: a relocatable object file; link it with -shared");
}

TEST_CASE("a position-independent executable is told by its flag") {
  elf_options options;
  options.flags_1 = 0x08000000;
  const auto file = build_elf(options);
  CHECK(headers_of(file).what == cause::position_independent_executable);
  CHECK(check(file.data, level::tables, file.process()).what == cause::position_independent_executable);
}

TEST_CASE("a file with the debug information alone is told apart") {
  auto file = build_elf();
  file.set(segment_at(file, 3, p_filesz), 0, 8);
  CHECK(headers_of(file).what == cause::debug_companion);
}

TEST_CASE("damage in the file header is told with its place") {
  const struct {
    std::size_t at, size;
    std::uint64_t value;
    cause what;
  } cases[] = {
      {4, 1, 7, cause::bad_value},
      {5, 1, 9, cause::bad_value},
      {6, 1, 0, cause::bad_value},
      {20, 4, 2, cause::bad_value},
      {machine_at, 2, 3, cause::foreign_machine},
      {phentsize_at, 2, 55, cause::bad_value},
      {phnum_at, 2, 0, cause::missing},
      {phnum_at, 2, 60000, cause::too_many},
      {phoff_at, 8, UINT64_MAX, cause::truncated},
      {shoff_at, 8, UINT64_MAX - 10, cause::truncated},
      {58, 2, 63, cause::bad_value},
  };
  for (const auto& each : cases) {
    auto file = build_elf();
    file.set(each.at, each.value, each.size);
    CHECK_MESSAGE(headers_of(file).what == each.what,
                  "at " << each.at << ": " << image::describe(headers_of(file)));
  }
}

TEST_CASE("damage in the program headers is told with its place") {
  const struct {
    std::size_t segment, field;
    std::uint64_t value;
    cause what;
  } cases[] = {
      {0, p_filesz, 0x100000, cause::truncated},
      {0, p_filesz, UINT64_MAX, cause::truncated},
      {1, p_offset, UINT64_MAX - 8, cause::truncated},
      {2, p_memsz, UINT64_MAX, cause::out_of_range},
      {2, p_memsz, 1, cause::contradiction},
      {1, p_align, 0x1001, cause::misaligned},
      {1, p_vaddr, 0x1008, cause::misaligned},
      {1, p_vaddr, 0, cause::overlapping},
      {3, p_vaddr, 0x9000, cause::not_mapped},
      {3, p_offset, 0x2000, cause::contradiction},
      {3, p_type, 0x77, cause::missing},
  };
  for (const auto& each : cases) {
    auto file = build_elf();
    const auto at = segment_at(file, each.segment, each.field);
    file.set(at, each.value, each.field == p_type ? 4 : 8);
    const auto fault = headers_of(file);
    CHECK_MESSAGE(fault.what == each.what, "segment " << each.segment << ": " << image::describe(fault));
  }
}

TEST_CASE("program headers that stand behind the first page are read too") {
  auto file = build_elf();
  const auto size = 7 * 56u, at = static_cast<unsigned>(file.data.size());
  for (unsigned i = 0; i < size; ++i) file.data.push_back(file.data[64 + i]);
  file.set(phoff_at, at, 8);
  CHECK_FALSE(headers_of(file));
  file.data.pop_back();
  CHECK(headers_of(file).what == cause::truncated);
}

TEST_CASE("more sections than the header can count are counted by the first") {
  auto file = build_elf();
  file.set(60, 0, 2);
  file.set(file.at("sections") + 32, 6, 8);
  CHECK_FALSE(check(file.data, level::tables, file.process()));
  file.set(file.at("sections") + 32, 1 << 20, 8);
  CHECK(check(file.data, level::tables, file.process()).what == cause::truncated);
}

TEST_SUITE_END();
