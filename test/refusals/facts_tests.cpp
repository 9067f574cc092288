// The report on a file, for which memory is refused: of every format it is whole, or says so, or there is
// none.
#include "faults/failing_new.hpp"
#include "support/elf_builder.hpp"
#include "support/macho_builder.hpp"
#include "support/pe_builder.hpp"

#include <doctest/doctest.h>

#include <new>

namespace image = tenure::image;

namespace {

bool is_whole(const image::facts& seen, const image::facts& known) {
  return seen.findings.empty() && seen.exports.size() == known.exports.size() &&
         seen.imports.size() == known.imports.size() && seen.needed == known.needed &&
         seen.name == known.name;
}

void at_every_allocation(const tenure_test::file_bytes& data, const image::target& process) {
  std::span<const std::byte> view(data);
  const auto known = image::read_facts(data, process);
  for (int n = 1; n != 10'000; ++n) {
    CAPTURE(n);
    bool thrown = false, said = false, whole = false;
    tenure_test::fail_allocation(n);
    try {
      const image::file_facts seen(image::source_of(view), process);
      said = !seen->findings.empty();
      whole = is_whole(*seen, known);
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    const bool refused = tenure_test::stop_failing();
    CHECK((thrown || said || whole));
    if (refused) continue;
    CHECK(whole);
    CHECK(n > 1);
    return;
  }
  FAIL("it never comes to its end");
}

} // namespace

TEST_CASE("facts of ELF of every kind, of PE and of Mach-O") {
  for (const bool wide : {true, false}) {
    tenure_test::elf_options options;
    options.wide = wide;
    const auto elf = tenure_test::build_elf(options);
    at_every_allocation(elf.data, elf.process());
    const auto pe = tenure_test::build_pe(wide);
    at_every_allocation(pe.data, pe.process());
  }
  const auto macho = tenure_test::build_macho();
  at_every_allocation(macho.data, macho.process());
}
