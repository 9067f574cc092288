// PE: the report.
#include "pe_tables.hpp"
#include "read_facts.hpp"

namespace tenure::inline v1::image::pe {
namespace {

class reporter {
public:
  reporter(fact_reader& report, const layout& seen) noexcept
      : report_(report)
      , into_(report.into)
      , seen_(seen)
      , file_(report.file.first()) {}

  void run() {
    into_.subsystem = seen_.subsystem, into_.characteristics = seen_.dll_characteristics;
    into_.runs.init = into_.runs.fini = seen_.entry != 0;
    read_thread_locals();
    read_exports_list();
    read_imports();
  }

private:
  std::string_view name_at(std::uint64_t address) noexcept {
    std::string_view name;
    return report_.names.read(view(file_, seen_, address), 0, name) ? name : std::string_view();
  }

  void read_thread_locals() {
    tls_table table;
    if (seen_.directories[directory_tls].address == 0 || report_.failed(read_tls(file_, seen_, table)))
      return;
    if (table.end >= table.begin) into_.tls_size = table.end - table.begin + table.zeros;
    constexpr unsigned alignment_shift = 20,
                       alignment_mask = 0xf; // IMAGE_SCN_ALIGN_*: the power of two, plus one
    const auto alignment = table.flags >> alignment_shift & alignment_mask;
    into_.tls_alignment = alignment == 0 ? 1 : std::uint64_t{1} << (alignment - 1);
    count_callbacks(view(file_, seen_, table.callbacks));
  }

  void count_callbacks(const bytes& table) noexcept {
    const std::uint64_t word = seen_.wide ? 8 : 4;
    for (std::uint64_t at = 0; table.word(at, seen_.wide) != 0; at += word) ++into_.obstacles.tls_callbacks;
  }

  void read_exports_list() {
    export_table table;
    if (seen_.directories[directory_export].address == 0 || report_.failed(read_exports(file_, seen_, table)))
      return;
    into_.name = name_at(table.name);
    for (std::uint64_t i = 0; i < table.names; ++i) {
      const auto address = table.function_addresses.u32(4 * std::uint64_t{table.name_indices.u16(2 * i)});
      symbol each;
      each.name = name_at(table.name_addresses.u32(4 * i));
      each.kind = kind_of(address, table.range);
      report_.read_plugin(each.name,
                          [&](std::uint64_t count) { return view(file_, seen_, address).part(0, count); });
      into_.exports.push_back(each);
    }
  }

  symbol_kind kind_of(std::uint32_t address, const directory& forwarders) const noexcept {
    if (address >= forwarders.address && address - forwarders.address < forwarders.size)
      return symbol_kind::unknown;
    return seen_.is_code(address) ? symbol_kind::function : symbol_kind::data;
  }

  void read_imports() {
    if (seen_.directories[directory_import].address == 0) return;
    const auto table = view(file_, seen_, seen_.directories[directory_import].address);
    for (std::uint64_t i = 0; i < table.size() / import_entry_size; ++i) {
      const auto entry = parse_import(table, i);
      if (entry.last()) return;
      into_.needed.push_back(name_at(entry.name));
      read_lookups(view(file_, seen_, entry.lookup != 0 ? entry.lookup : entry.slots));
    }
  }

  // Descriptors may share a table, so all of them together are limited by what the file could hold.
  void read_lookups(const bytes& table) {
    const std::uint64_t word = seen_.wide ? 8 : 4;
    for (std::uint64_t at = 0; into_.imports.size() < file_.size() / word; at += word) {
      const auto lookup = table.word(at, seen_.wide);
      if (lookup == 0) return;
      const bool by_ordinal = (lookup >> (8 * word - 1)) != 0;
      constexpr std::uint64_t hint_size = 2;
      symbol each;
      if (!by_ordinal) each.name = name_at(lookup + hint_size);
      into_.imports.push_back(each);
    }
  }

  fact_reader& report_;
  facts& into_;
  const layout& seen_;
  const bytes& file_;
};

} // namespace

void read_facts(fact_reader& report) {
  layout seen;
  const auto& file = report.file.first();
  const auto nt = std::uint64_t{file.u32(nt_offset_at)};
  auto& into = report.into;
  into.machine = file.u16(nt + 4);
  into.bits = file.u16(nt + file_header_size) == magic_64 ? 64 : 32;
  const target own{format::pe, byte_order::little, into.bits, 0};
  if (!report.failed(read_layout(report.file, own, seen))) reporter(report, seen).run();
}

} // namespace tenure::inline v1::image::pe
