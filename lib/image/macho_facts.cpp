// Mach-O: the report.
#include "macho.hpp"
#include "read_facts.hpp"

namespace tenure::inline v1::image::macho {
namespace {

constexpr std::uint32_t section_tls_variables = 19; // descriptors, to which the symbols of thread-locals lead
constexpr std::uint32_t section_code = 0x80000000;  // S_ATTR_PURE_INSTRUCTIONS
constexpr std::uint8_t symbol_external = 0x01;
constexpr std::uint8_t symbol_type_mask = 0x0e;
constexpr std::uint8_t symbol_undefined = 0x00;
constexpr std::uint8_t symbol_debugging = 0xe0;
constexpr std::uint16_t weak_reference = 0x40;
constexpr std::uint16_t weak_definition = 0x80;

class reporter {
public:
  reporter(fact_reader& report, const slice& where, const header& head) noexcept
      : report_(report)
      , into_(report.into)
      , where_(where)
      , head_(head) {}

  void run() {
    const auto commands = in_slice(head_.size(), head_.commands_size);
    command_walk walk(report_.file, where_, head_);
    for (command each; walk.next(each);) {
      each.fields = commands.part(each.at - head_.size(), each.size);
      read_command(each);
    }
    if (!report_.failed(walk.fault())) read_symbols();
  }

private:
  bytes in_slice(std::uint64_t at, std::uint64_t count) const noexcept {
    return report_.file.first().part(where_.begin, where_.size).part(at, count);
  }

  void read_command(const command& each) {
    constexpr std::uint64_t uuid_size = 16;
    switch (each.kind) {
    case command_segment:
      read_sections(each, false);
      break;
    case command_segment_64:
      read_sections(each, true);
      break;
    case command_symtab:
      symbols_ = parse_symbol_table(each);
      break;
    case command_uuid:
      into_.build_id = each.fields.part(8, uuid_size).data();
      break;
    case command_id_dylib:
      into_.name = name_in(each);
      break;
    case command_rpath:
      into_.rpath.push_back(name_in(each));
      break;
    case command_load_dylib:
    case command_load_weak_dylib:
    case command_reexport_dylib:
    case command_load_upward_dylib:
      into_.needed.push_back(name_in(each));
      break;
    default:
      break;
    }
  }

  static std::string_view name_in(const command& each) noexcept {
    return each.fields.text(each.fields.u32(8));
  }

  // As many as the command has bytes for, whatever it says.
  void read_sections(const command& each, bool wide) {
    const auto home = parse_segment(each, wide);
    const auto count = home.sections;
    segments_.push_back(home);
    for (std::uint64_t i = 0; i < count && segment_size(wide) + (i + 1) * section_size(wide) <= each.size;
         ++i) {
      read_section(parse_section(each, i, wide), wide);
      constexpr std::uint64_t name_size = 16;
      const auto name = each.fields.text(segment_size(wide) + i * section_size(wide), name_size);
      into_.obstacles.objective_c = into_.obstacles.objective_c || name.starts_with("__objc_classlist");
    }
  }

  void read_section(const section& each, bool wide) {
    const std::uint64_t word = wide ? 8 : 4;
    switch (each.type()) {
    case section_mod_init:
      into_.runs.init_count += each.size / word;
      break;
    case section_init_offsets:
      into_.runs.init_count += each.size / 4;
      break;
    case section_mod_term:
      into_.runs.fini_count += each.size / word;
      break;
    case section_tls_data:
    case section_tls_zeros:
      add_thread_locals(each);
      break;
    default:
      break;
    }
    section_flags_.push_back(each.flags);
  }

  void add_thread_locals(const section& each) noexcept {
    constexpr std::uint32_t max_shift = 31;
    const auto alignment = each.align <= max_shift ? std::uint64_t{1} << each.align : 0;
    into_.tls_size += each.size;
    if (alignment > into_.tls_alignment) into_.tls_alignment = alignment;
  }

  void read_symbols() {
    const auto entry = symbol_size(head_.wide);
    const auto table = in_slice(symbols_.symbols_at, symbols_.count * entry);
    strings_ = in_slice(symbols_.strings_at, symbols_.strings_size);
    for (std::uint64_t at = 0; at + entry <= table.size(); at += entry) read_symbol(table, at);
  }

  void read_symbol(const bytes& table, std::uint64_t at) {
    const auto type = table.u8(at + 4), home = table.u8(at + 5);
    const auto description = table.u16(at + 6);
    if ((type & symbol_external) == 0 || (type & symbol_debugging) != 0) return;
    const bool defined = (type & symbol_type_mask) != symbol_undefined;
    symbol each;
    if (!report_.names.read(strings_, table.u32(at), each.name)) return;
    each.weak = (description & (defined ? weak_definition : weak_reference)) != 0;
    if (defined) each.kind = kind_of(home);
    if (!defined && each.name == "__tlv_atexit") into_.obstacles.tls_destructors = true;
    if (defined && each.name.starts_with('_'))
      report_.read_plugin(each.name.substr(1), [&](std::uint64_t count) {
        return bytes_at(table.word(at + 8, head_.wide), count);
      });
    (defined ? into_.exports : into_.imports).push_back(each);
  }

  bytes bytes_at(std::uint64_t address, std::uint64_t count) const noexcept {
    for (const auto& home : segments_)
      if (address >= home.address && address - home.address < home.file_size)
        return in_slice(home.offset, home.file_size).part(address - home.address, count);
    return {};
  }

  // Sections are counted from 1 through all segments.
  symbol_kind kind_of(std::uint8_t home) const noexcept {
    if (home == 0 || home > section_flags_.size()) return symbol_kind::unknown;
    const auto flags = section_flags_[home - 1u];
    if ((flags & 0xff) == section_tls_variables) return symbol_kind::tls;
    return (flags & section_code) != 0 ? symbol_kind::function : symbol_kind::data;
  }

  fact_reader& report_;
  facts& into_;
  const slice& where_;
  const header& head_;
  symbol_table symbols_;
  bytes strings_;
  std::vector<std::uint32_t> section_flags_;
  std::vector<segment> segments_;
};

} // namespace

void read_facts(fact_reader& report) {
  slice where;
  header head;
  // A file without a slice for this process is read all the same; a damaged one has no slice at all.
  const auto fault = find_slice(report.file, report.process, where);
  report.failed(fault);
  if (fault && fault.what != cause::foreign_machine) return;
  auto& into = report.into;
  into.slices = machines_of_slices(report.file);
  if (report.failed(read_header(report.file, where, head))) return;
  into.order = report.file.first().order(), into.bits = head.wide ? 64 : 32, into.machine = head.cpu;
  const target own{format::macho, into.order, into.bits, 0};
  if (!report.failed(check_header(head, where, into.order, own))) reporter(report, where, head).run();
}

} // namespace tenure::inline v1::image::macho
