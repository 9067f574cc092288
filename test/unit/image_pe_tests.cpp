// PE: Windows libraries are read and checked on any system.
#include "support/pe_builder.hpp"

#include <doctest/doctest.h>

namespace image = tenure::image;
using image::cause;
using image::level;
using image::part;
using tenure_test::build_pe;
using tenure_test::pe_file;

namespace {

image::finding look_at(const pe_file& file, level depth = level::tables) {
  return tenure_test::check(file.data, depth, file.process());
}

struct damage {
  const char* place;
  std::size_t at, size;
  std::uint64_t value;
  cause what;
};

void expect(const damage& each) {
  auto file = build_pe();
  file.set(file.at(each.place) + each.at, each.value, each.size);
  const auto fault = look_at(file);
  CHECK_MESSAGE(fault.what == each.what, each.place << " + " << each.at << ": " << image::describe(fault));
}

} // namespace

TEST_SUITE_BEGIN("image: PE");

TEST_CASE("a whole DLL of either width passes both levels") {
  for (const bool wide : {true, false}) {
    const auto file = build_pe(wide);
    CHECK_MESSAGE(!look_at(file, level::headers), image::describe(look_at(file, level::headers)));
    CHECK_MESSAGE(!look_at(file), image::describe(look_at(file)));
  }
}

TEST_CASE("a DLL that was cut off at any byte is refused") {
  for (const bool wide : {true, false}) {
    const auto whole = build_pe(wide);
    for (std::size_t size = 0; size < whole.data.size(); ++size) {
      auto cut = whole;
      cut.data.resize(size);
      REQUIRE_MESSAGE(look_at(cut, level::headers), "at byte " << size);
    }
  }
}

TEST_CASE("another machine or width is named") {
  auto file = build_pe();
  auto process = file.process();
  process.machine = 0xaa64;
  CHECK(image::describe(tenure_test::check(file.data, level::headers, process)) ==
        "built for x86-64, but this process is AArch64");
  process = file.process(), process.bits = 32;
  CHECK(tenure_test::check(file.data, level::headers, process).what == cause::foreign_class);
}

TEST_CASE("a program is told from a DLL") {
  auto file = build_pe();
  file.set(file.at("nt") + 22, 0x22, 2);
  CHECK(look_at(file, level::headers).what == cause::executable);
}

TEST_CASE("damage in the headers is told by its kind") {
  for (const auto& each :
       {damage{"nt", 0, 4, 0x4550ff, cause::bad_value}, damage{"nt", 6, 2, 0, cause::missing},
        damage{"nt", 6, 2, 900, cause::too_many}, damage{"nt", 12, 4, 0xffff0000, cause::truncated},
        damage{"nt", 20, 2, 20, cause::out_of_range}, damage{"nt", 20, 2, 60000, cause::truncated},
        damage{"optional", 0, 2, 0x107, cause::bad_value}, damage{"optional", 16, 4, 0x2000, cause::not_code},
        damage{"optional", 16, 4, 0x900000, cause::out_of_range},
        damage{"optional", 32, 4, 0, cause::misaligned}, damage{"optional", 36, 4, 3, cause::misaligned},
        damage{"optional", 60, 4, 0x90000, cause::truncated},
        damage{"directories", 8 * 4 + 4, 4, 0x90000, cause::truncated},
        damage{"directories", 0, 4, 0x90000, cause::out_of_range},
        damage{"sections", 12, 4, 0x1001, cause::misaligned},
        damage{"sections", 12, 4, 0, cause::overlapping},
        damage{"sections", 16, 4, UINT32_MAX, cause::truncated},
        damage{"sections", 20, 4, UINT32_MAX, cause::truncated},
        damage{"sections", 40 + 8, 4, 0x90000, cause::out_of_range}})
    expect(each);
}

TEST_CASE("damage in the tables is told by its kind") {
  for (const auto& each :
       {damage{"exports", 20, 4, 0x40000000, cause::not_mapped},
        damage{"exports", 28, 4, 0x900000, cause::not_mapped},
        damage{"functions", 0, 4, 0x900000, cause::out_of_range},
        damage{"names", 0, 4, 0x900000, cause::unterminated}, damage{"indices", 0, 2, 9, cause::out_of_range},
        damage{"imports", 12, 4, 0x900000, cause::unterminated},
        damage{"imports", 16, 4, 0x900000, cause::not_mapped},
        damage{"imports", 0, 4, 0x900000, cause::unterminated},
        damage{"lookups", 0, 4, 0x900000, cause::unterminated}, damage{"tls", 8, 8, 0, cause::out_of_range},
        damage{"tls", 16, 8, 4, cause::out_of_range}, damage{"callbacks", 0, 8, 0x10002000, cause::not_code},
        damage{"relocations", 4, 4, 0, cause::out_of_range},
        damage{"relocations", 4, 4, 4000, cause::out_of_range},
        damage{"relocations", 0, 4, 0x900000, cause::out_of_range}})
    expect(each);
}

TEST_CASE("a DLL's report has its exports, imports and thread-locals") {
  const auto file = build_pe();
  const auto report = image::read_facts(file.data, file.process());
  CHECK(report.findings.empty());
  CHECK(report.kind == image::format::pe);
  CHECK(report.bits == 64);
  CHECK(report.name == "plugin.dll");
  REQUIRE(report.needed.size() == 1);
  CHECK(report.needed[0] == "KERNEL32.dll");
  REQUIRE(report.exports.size() == 2);
  CHECK(report.exports[0].name == "plugin_data");
  CHECK(report.exports[0].kind == image::symbol_kind::data);
  CHECK(report.exports[1].name == "plugin_entry");
  CHECK(report.exports[1].kind == image::symbol_kind::function);
  REQUIRE(report.imports.size() == 2);
  CHECK(report.imports[0].name == "GetLastError");
  CHECK(report.tls_size == 12);
  CHECK(report.tls_alignment == 8);
  CHECK(report.obstacles.tls_callbacks == 1);
  CHECK(report.runs.init);
  CHECK(report.subsystem == 3);
  CHECK(report.characteristics == 0x160);
}

TEST_CASE("a random byte of damage is never more than a finding") {
  const auto whole = build_pe();
  for (std::size_t at = 0; at < whole.data.size(); ++at) {
    auto file = whole;
    file.data[at] ^= std::byte{0xff};
    const auto report = image::read_facts(file.data, file.process());
    CHECK(report.findings.size() <= 4);
  }
}

TEST_SUITE_END();
