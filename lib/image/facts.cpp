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

std::uint64_t catalog_size(const bytes& head) noexcept {
  constexpr std::string_view magic{"TENCAT\n\0", 8};
  constexpr std::uint32_t smallest_row = 256, largest_row = 4096, most_rows = 4096;
  const auto row_size = head.u32(8), rows = head.u32(12);
  if (!head.starts_with(magic) || row_size < smallest_row || row_size > largest_row || rows > most_rows)
    return 0;
  return catalog_head_size + std::uint64_t{row_size} * rows;
}

namespace {

void read_by_format(fact_reader& report) {
  switch (report.into.kind) {
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
}

} // namespace

facts read_facts(std::span<const std::byte> file, const target& process) {
  facts result;
  const auto access = source_of(file);
  if (const auto fault = check(access, level::tables, process)) result.findings.push_back(fault);
  const bytes first(file, byte_order::little);
  part_reader reader(access, first);
  fact_reader report{reader, process, result, text_budget(file.size())};
  result.kind = recognise(first);
  read_by_format(report);
  return result;
}

// The reader refers to the source, and the facts to what the reader keeps.
struct file_facts::kept {
  source file;
  std::unique_ptr<part_reader> reader;
  facts known;
};

file_facts::file_facts(const source& file, const target& process)
    : kept_(new kept{file, nullptr, {}}) {
  auto& into = kept_->known;
  if (const auto fault = check(file, level::tables, process)) into.findings.push_back(fault);
  kept_->reader = std::make_unique<part_reader>(kept_->file, bytes());
  auto& reader = *kept_->reader;
  fact_reader report{reader, process, into, text_budget(file.size)};
  constexpr std::uint64_t first_read = std::uint64_t{32}
                                       << 10; // as for the check: most tables of a small library
  if (report.failed(reader.extend_first(first_read))) return;
  into.kind = recognise(reader.first());
  if (into.kind != format::elf &&
      report.failed(reader.extend_first(into.kind == format::unknown ? 0 : file.size)))
    return;
  read_by_format(report);
}

file_facts::file_facts(file_facts&&) noexcept = default;
file_facts& file_facts::operator=(file_facts&&) noexcept = default;
file_facts::~file_facts() = default;
const facts& file_facts::operator*() const noexcept { return kept_->known; }

} // namespace tenure::inline v1::image
