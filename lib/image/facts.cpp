// The report on a file: dispatches to its format.
#include "formats.hpp"
#include "read_facts.hpp"

namespace tenure::inline v1::image {

bool fact_reader::failed(const finding& fault) {
  if (!fault) return false;
  for (const auto& known : into.findings)
    if (known.what == fault.what && known.offset == fault.offset) return true;
  into.findings.push_back(fault);
  return true;
}

facts read_facts(std::span<const std::byte> file, const target& process) {
  facts result;
  const auto access = source_of(file);
  if (const auto fault = check(access, level::tables, process)) result.findings.push_back(fault);
  const bytes first(file, byte_order::little);
  part_reader reader(access, first);
  fact_reader report{reader, process, result, text_budget(file.size())};
  result.kind = recognise(first);
  switch (result.kind) {
  case format::elf:
    elf::read_facts(report);
    break;
  case format::pe:
    pe::read_facts(report);
    break;
  case format::macho:
    macho::read_facts(report);
    break;
  case format::unknown:
    break;
  }
  return result;
}

} // namespace tenure::inline v1::image
