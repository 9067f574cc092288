// Mach-O: Apple's libraries, thin and universal, are read and checked on any system.
#include "support/macho_builder.hpp"

#include <doctest/doctest.h>

namespace image = tenure::image;
using image::byte_order;
using image::cause;
using image::level;
using tenure_test::build_macho;
using tenure_test::build_universal;
using tenure_test::macho_file;

namespace {

macho_file shape(bool wide, byte_order order, std::uint32_t cpu) {
  macho_file result;
  result.wide = wide, result.order = order, result.cpu = cpu;
  return result;
}

const macho_file shapes[] = {
    shape(true, byte_order::little, 0x01000007), // x86-64
    shape(true, byte_order::little, 0x0100000c), // AArch64
    shape(false, byte_order::little, 7),         // x86
    shape(false, byte_order::big, 18),           // PowerPC
};

image::finding look_at(const macho_file& file, level depth = level::tables) {
  return tenure_test::check(file.data, depth, file.process());
}

} // namespace

TEST_SUITE_BEGIN("image: Mach-O");

TEST_CASE("a whole library of any class and byte order passes both levels") {
  for (const auto& each : shapes) {
    const auto file = build_macho(each);
    CHECK_MESSAGE(!look_at(file), image::describe(look_at(file)));
  }
}

TEST_CASE("a library that was cut off at any byte is refused") {
  for (const auto& each : shapes) {
    const auto whole = build_macho(each);
    for (std::size_t size = 0; size < whole.data.size(); ++size) {
      auto cut = whole;
      cut.data.resize(size);
      REQUIRE_MESSAGE(look_at(cut, level::headers), "at byte " << size);
    }
  }
}

TEST_CASE("file types that are no libraries are named") {
  const std::pair<std::uint32_t, cause> types[] = {{1, cause::relocatable_object},
                                                   {2, cause::executable},
                                                   {4, cause::core_file},
                                                   {10, cause::debug_companion},
                                                   {7, cause::other_file_type}};
  for (const auto& [type, what] : types) {
    auto file = build_macho();
    file.set(12, type, 4);
    CHECK(look_at(file, level::headers).what == what);
  }
  auto bundle = build_macho();
  bundle.set(12, 8, 4);
  CHECK_FALSE(look_at(bundle));
}

TEST_CASE("a universal file is checked in the slice of this process") {
  const auto intel = build_macho(shapes[0]), arm = build_macho(shapes[1]);
  auto file = build_universal({intel, arm});
  for (const auto& each : {intel, arm}) CHECK_FALSE(tenure_test::check(file, level::tables, each.process()));
  tenure_test::patch(file, 0x3000 + 12, 2, 4); // the type of the second slice
  CHECK_FALSE(tenure_test::check(file, level::headers, intel.process()));
  const auto fault = tenure_test::check(file, level::headers, arm.process());
  CHECK(fault.what == cause::executable);
  CHECK(fault.offset == 0x3000 + 12);
}

TEST_CASE("a universal file without this machine is refused by name") {
  const auto file = build_universal({build_macho(shapes[1])});
  CHECK(image::describe(tenure_test::check(file, level::headers, shapes[0].process())) ==
        "built for AArch64, but this process is x86-64");
}

TEST_CASE("a universal file whose slices do not fit is cut off") {
  auto file = build_universal({build_macho(shapes[0])});
  file.pop_back();
  CHECK(tenure_test::check(file, level::headers, shapes[0].process()).what == cause::truncated);
  tenure_test::patch(file, 4, 0, 4, byte_order::big);
  CHECK(tenure_test::check(file, level::headers, shapes[0].process()).what == cause::too_many);
}

TEST_CASE("damage is told by its kind") {
  const struct {
    const char* place;
    std::size_t at, size;
    std::uint64_t value;
    cause what;
  } cases[] = {
      {"__TEXT", 4, 4, 4, cause::out_of_range},
      {"__TEXT", 4, 4, 4000, cause::out_of_range},
      {"__TEXT", 4, 4, 73, cause::misaligned},
      {"__TEXT", 40, 8, UINT64_MAX, cause::truncated},
      {"__TEXT", 48, 8, UINT64_MAX, cause::truncated},
      {"__TEXT", 32, 8, 4, cause::contradiction},
      {"__DATA", 24, 8, UINT64_MAX - 4, cause::out_of_range},
      {"__TEXT", 64, 4, 1000, cause::out_of_range},
      {"__TEXT", 0, 4, 1, cause::bad_value},
      {"id", 8, 4, 4000, cause::out_of_range},
      {"symtab", 8, 4, UINT32_MAX, cause::truncated},
      {"symtab", 12, 4, UINT32_MAX, cause::truncated},
      {"symtab", 20, 4, 8, cause::out_of_range},
      {"__text", 32, 8, 0x900000, cause::not_mapped},
      {"__text", 48, 4, 0x900000, cause::out_of_range},
  };
  for (const auto& each : cases) {
    auto file = build_macho();
    file.set(file.at(each.place) + each.at, each.value, each.size);
    const auto fault = look_at(file);
    CHECK_MESSAGE(fault.what == each.what, each.place << " + " << each.at << ": " << image::describe(fault));
  }
}

TEST_CASE("a string table must end in NUL") {
  auto file = build_macho();
  file.data.back() = std::byte{'x'};
  CHECK(look_at(file).what == cause::unterminated);
  CHECK_FALSE(look_at(file, level::headers));
}

TEST_CASE("a library's report has its names, symbols and thread-locals") {
  for (const auto& each : shapes) {
    const auto file = build_macho(each);
    const auto report = image::read_facts(file.data, file.process());
    CHECK(report.findings.empty());
    CHECK(report.bits == (each.wide ? 64 : 32));
    CHECK(report.name == "@rpath/libplugin.dylib");
    REQUIRE(report.needed.size() == 1);
    CHECK(report.needed[0] == "/usr/lib/libSystem.B.dylib");
    REQUIRE(report.rpath.size() == 1);
    CHECK(report.rpath[0] == "@loader_path/lib");
    REQUIRE(report.exports.size() == 3);
    CHECK(report.exports[0].name == "_plugin_entry");
    CHECK(report.exports[0].kind == image::symbol_kind::function);
    CHECK(report.exports[1].kind == image::symbol_kind::tls);
    CHECK(report.exports[1].weak);
    CHECK(report.exports[2].kind == image::symbol_kind::data);
    REQUIRE(report.imports.size() == 1);
    CHECK(report.imports[0].weak);
    CHECK(report.obstacles.tls_destructors);
    CHECK(report.tls_size == 8);
    CHECK(report.runs.init_count == (each.wide ? 2 : 4));
  }
}

TEST_CASE("of a universal file the slice of this process is reported, else the first") {
  const auto intel = build_macho(shapes[0]), arm = build_macho(shapes[1]);
  const auto file = build_universal({intel, arm});
  CHECK(image::read_facts(file, arm.process()).machine == arm.cpu);
  CHECK(image::read_facts(file, arm.process()).slices == std::vector<std::uint32_t>{intel.cpu, arm.cpu});
  CHECK(image::read_facts(intel.data, intel.process()).slices.empty());
  const auto other = image::read_facts(file, shapes[3].process());
  CHECK(other.machine == intel.cpu);
  REQUIRE(other.findings.size() == 1);
  CHECK(other.findings[0].what == cause::foreign_machine);
}

TEST_CASE("a random byte of damage is never more than a finding") {
  const auto whole = build_macho();
  for (std::size_t at = 0; at < whole.data.size(); ++at) {
    auto file = whole;
    file.data[at] ^= std::byte{0xff};
    const auto report = image::read_facts(file.data, file.process());
    CHECK(report.findings.size() <= 4);
  }
}

TEST_SUITE_END();
