// The report that reads a file in parts says what the one that has it all in memory says.
#include "support/elf_builder.hpp"
#include "support/find_symbol.hpp"
#include "support/macho_builder.hpp"
#include "support/pe_builder.hpp"

#include <doctest/doctest.h>

namespace image = tenure::image;
using image::byte_order;
using image::tls_model;
using tenure_test::file_bytes;
using tenure_test::find_symbol;

namespace {

struct counted_file {
  std::span<const std::byte> all;
  std::uint64_t read = 0;

  image::source source() {
    return {[](void* context, std::uint64_t at, void* into, std::size_t count) noexcept {
              auto& self = *static_cast<counted_file*>(context);
              const auto inner = image::source_of(self.all);
              const auto got = inner.read(inner.context, at, into, count);
              self.read += got;
              return got;
            },
            this, all.size()};
  }
};

void check_same(const file_bytes& data, const image::target& process) {
  const auto whole = image::read_facts(data, process);
  counted_file file{data};
  const image::file_facts parts(file.source(), process);
  CHECK(parts->findings.size() == whole.findings.size());
  CHECK(parts->kind == whole.kind);
  CHECK(parts->bits == whole.bits);
  CHECK(parts->name == whole.name);
  CHECK(parts->needed == whole.needed);
  CHECK(parts->notes.size() == whole.notes.size());
  CHECK(parts->tls == whole.tls);
  REQUIRE(parts->exports.size() == whole.exports.size());
  REQUIRE(parts->imports.size() == whole.imports.size());
  for (std::size_t i = 0; i < whole.exports.size(); ++i)
    CHECK(parts->exports[i].name == whole.exports[i].name);
}

image::target target_of(const file_bytes& data) {
  std::span<const std::byte> view(data);
  return image::built_for(image::source_of(view));
}

} // namespace

TEST_SUITE_BEGIN("image: facts of a file read in parts");

TEST_CASE("the same is said of ELF of every kind, of PE and of Mach-O") {
  for (const bool wide : {true, false}) {
    for (const auto order : {byte_order::little, byte_order::big}) {
      tenure_test::elf_options options;
      options.wide = wide, options.order = order;
      const auto file = tenure_test::build_elf(options);
      check_same(file.data, file.process());
    }
    const auto file = tenure_test::build_pe(wide);
    check_same(file.data, file.process());
  }
  const auto file = tenure_test::build_macho();
  check_same(file.data, file.process());
}

TEST_CASE("of an ELF file only the tables are read, whatever stands behind them") {
  auto file = tenure_test::build_elf();
  const auto before = file.data.size();
  file.data.resize(before + 4'000'000);
  counted_file counted{file.data};
  const image::file_facts report(counted.source(), file.process());
  CHECK(report->findings.empty());
  CHECK(counted.read < 100'000);
}

TEST_CASE("a file that cannot be read is a finding") {
  const image::source broken{[](void*, std::uint64_t, void*, std::size_t) noexcept { return std::size_t{0}; },
                             nullptr, 1000};
  const image::file_facts report(broken);
  REQUIRE_FALSE(report->findings.empty());
  CHECK(report->findings[0].what == image::cause::unreadable);
}

TEST_CASE("what a file was built for is read from it, so that any whole library passes") {
  for (const bool wide : {true, false}) {
    tenure_test::elf_options options;
    options.wide = wide, options.order = byte_order::big, options.machine = 22, options.relative_type = 12;
    const auto file = tenure_test::build_elf(options);
    const auto process = target_of(file.data);
    CHECK(process.kind == image::format::elf);
    CHECK(process.bits == (wide ? 64 : 32));
    CHECK(process.order == byte_order::big);
    CHECK_FALSE(tenure_test::check(file.data, image::level::tables, process));
    const auto pe = tenure_test::build_pe(wide);
    CHECK(target_of(pe.data).kind == image::format::pe);
    CHECK_FALSE(tenure_test::check(pe.data, image::level::tables, target_of(pe.data)));
  }
  const auto macho = tenure_test::build_macho();
  CHECK(target_of(macho.data).kind == image::format::macho);
  CHECK_FALSE(tenure_test::check(macho.data, image::level::tables, target_of(macho.data)));
  CHECK(target_of(tenure_test::bytes_of("text")).kind == image::native().kind);
  CHECK(target_of({}).kind == image::native().kind);
}

TEST_CASE("a unique symbol counts as bound only if a relocation refers to it") {
  const auto file = tenure_test::build_elf();
  const auto report = image::read_facts(file.data, file.process());
  const auto* unique = find_symbol(report.exports, "plugin_unique");
  REQUIRE(unique);
  CHECK_FALSE(unique->relocated);
  CHECK(report.obstacles.unique_symbols == 1);
  CHECK(report.obstacles.bound_unique_symbols == 0);
  REQUIRE(find_symbol(report.imports, "puts"));
  CHECK(find_symbol(report.imports, "puts")->relocated);
}

TEST_CASE("thread-local storage that no relocation fixes is dynamic") {
  const auto file = tenure_test::build_elf();
  CHECK(image::read_facts(file.data, file.process()).tls == tls_model::dynamic);
}

TEST_SUITE_END();
