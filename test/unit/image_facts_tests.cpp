// The report on ELF files, and on files that are none.
#include "support/elf_builder.hpp"
#include "support/find_symbol.hpp"

#include <doctest/doctest.h>

#include <string>

namespace image = tenure::image;
using image::cause;
using image::symbol_kind;
using tenure_test::build_elf;
using tenure_test::elf_options;
using tenure_test::find_symbol;

namespace {

image::facts report_on(const tenure_test::elf_file& file) {
  return image::read_facts(file.data, file.process());
}

} // namespace

TEST_SUITE_BEGIN("image: facts");

TEST_CASE("a library's report has its names") {
  const auto file = build_elf();
  const auto report = report_on(file);
  CHECK(report.findings.empty());
  CHECK(report.kind == image::format::elf);
  CHECK(report.bits == 64);
  CHECK(image::machine_name(report.kind, report.machine) == "x86-64");
  CHECK(report.name == "libplugin.so");
  REQUIRE(report.needed.size() == 1);
  CHECK(report.needed[0] == "libneeded.so.1");
  REQUIRE(report.runpath.size() == 1);
  CHECK(report.runpath[0] == "$ORIGIN/lib");
  CHECK(report.rpath.empty());
}

TEST_CASE("symbols come with kind, version and size") {
  const auto file = build_elf();
  const auto report = report_on(file);
  CHECK(report.exports.size() == 4);
  const auto* function = find_symbol(report.exports, "plugin_entry");
  REQUIRE(function);
  CHECK(function->kind == symbol_kind::function);
  CHECK(function->version == "OWN_1");
  CHECK(function->size == 16);
  CHECK(find_symbol(report.exports, "plugin_data")->kind == symbol_kind::data);
  CHECK(find_symbol(report.exports, "plugin_tls")->kind == symbol_kind::tls);
  CHECK(find_symbol(report.exports, "plugin_tls")->version.empty());
  CHECK(find_symbol(report.exports, "plugin_unique")->unique);
  REQUIRE(find_symbol(report.imports, "puts"));
  CHECK(find_symbol(report.imports, "puts")->version == "NEEDED_1");
  CHECK_FALSE(find_symbol(report.imports, "puts")->weak);
  CHECK(find_symbol(report.imports, "__cxa_thread_atexit_impl")->weak);
}

TEST_CASE("what keeps a library from unloading is told") {
  elf_options options;
  options.flags = 0x10 | 0x4, options.flags_1 = 0x8;
  const auto file = build_elf(options), plain = build_elf();
  const auto report = report_on(file);
  CHECK(report.obstacles.nodelete);
  CHECK(report.obstacles.static_tls);
  CHECK(report.obstacles.text_relocations);
  CHECK(report.obstacles.tls_destructors);
  CHECK(report.obstacles.unique_symbols == 1);
  CHECK_FALSE(report_on(plain).obstacles.nodelete);
  CHECK_FALSE(report_on(plain).obstacles.text_relocations);
}

TEST_CASE("code that runs at load and unload is counted") {
  const auto file = build_elf();
  const auto report = report_on(file);
  CHECK(report.runs.init);
  CHECK(report.runs.fini);
  CHECK(report.runs.init_count == 1);
  CHECK(report.runs.fini_count == 1);
  CHECK(report.tls_size == 16);
  CHECK(report.tls_alignment == 8);
}

TEST_CASE("notes are listed with owner and description") {
  const auto file = build_elf();
  const auto report = report_on(file);
  REQUIRE(report.notes.size() == 2);
  CHECK(report.notes[1].owner == "Tenure");
  CHECK(report.notes[1].type == 1);
  CHECK(std::string(reinterpret_cast<const char*>(report.notes[1].description.data()),
                    report.notes[1].description.size()) == "abi=1");
  CHECK(report.build_id.size() == 10);
}

TEST_CASE("a library of another class and byte order is reported all the same") {
  elf_options options;
  options.wide = false, options.order = image::byte_order::big, options.machine = 20,
  options.relative_type = 22;
  const auto file = build_elf(options);
  const auto report = image::read_facts(file.data, {image::format::elf, image::byte_order::little, 64, 62});
  CHECK(report.bits == 32);
  CHECK(report.name == "libplugin.so");
  CHECK(report.exports.size() == 4);
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].what == cause::foreign_machine);
}

TEST_CASE("of a damaged library is reported what can be read") {
  auto file = build_elf();
  file.set_tag(6, 0x900000); // DT_SYMTAB
  const auto report = report_on(file);
  CHECK(report.name == "libplugin.so");
  CHECK(report.exports.empty());
  REQUIRE_FALSE(report.findings.empty());
  CHECK(report.findings[0].where == image::part::symbol_table);
}

TEST_CASE("what is no library has a finding and no facts") {
  const auto text = tenure_test::bytes_of("hello\n");
  const auto report = image::read_facts(text);
  CHECK(report.kind == image::format::unknown);
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].what == cause::text);
  CHECK(image::read_facts({}).findings[0].what == cause::empty);
}

TEST_CASE("names that overlap do not cost quadratic time") {
  auto file = build_elf();
  for (auto at = file.at("strings"); at + 1 < file.at("strings_end"); ++at) file.set(at, 'x', 1);
  const auto report = report_on(file);
  std::size_t total = 0;
  for (const auto& each : report.exports) total += each.name.size();
  CHECK(total <= 4 * file.data.size() + 4096);
}

TEST_CASE("a random byte of damage is never more than a finding") {
  const auto whole = build_elf();
  for (std::size_t at = 0; at < whole.data.size(); ++at) {
    auto file = whole;
    file.data[at] ^= std::byte{0xff};
    CHECK(report_on(file).findings.size() <= 4);
  }
}

TEST_SUITE_END();
