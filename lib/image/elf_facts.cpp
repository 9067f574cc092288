// ELF: the report.
#include "elf_uses.hpp"
#include "read_facts.hpp"

namespace tenure::inline v1::image::elf {
namespace {

symbol_kind kind_of(const symbol_entry& entry) noexcept {
  switch (entry.type()) {
  case symbol_function:
    return symbol_kind::function;
  case symbol_object:
    return symbol_kind::data;
  case symbol_tls:
    return symbol_kind::tls;
  case symbol_ifunc:
    return symbol_kind::ifunc;
  default:
    return symbol_kind::unknown;
  }
}

class reporter {
public:
  reporter(fact_reader& report, const layout& seen) noexcept
      : report_(report)
      , into_(report.into)
      , all_(report.file, seen) {}

  void run() {
    read_segments();
    if (report_.failed(read_dynamic(all_))) return;
    read_flags();
    if (report_.failed(read_strings(all_))) return;
    read_names();
    if (report_.failed(read_symbol_limit(all_))) return;
    read_versions();
    read_uses();
    for (std::uint64_t i = 1; i < all_.symbol_limit; ++i)
      if (!read_symbol(i)) return;
  }

private:
  void read_segments() {
    into_.tls_size = all_.map.tls.memsz, into_.tls_alignment = all_.map.tls.align;
    for (std::uint64_t i = 0; i < all_.map.head.phnum; ++i)
      if (const auto each = all_.map.program_header(i); each.type == segment_note) read_notes(each);
  }

  // Segments may overlap in a damaged file, so their number is limited.
  void read_notes(const segment& each) {
    constexpr std::size_t max_notes = 1024;
    bytes raw;
    const auto size = report_.file.file_size();
    if (each.offset > size || each.filesz > size - each.offset) return;
    if (report_.failed(report_.file.get(each.offset, each.filesz, raw))) return;
    for (std::uint64_t at = 0; at < raw.size() && into_.notes.size() < max_notes;) {
      const auto extent = parse_note(raw, at, each.align);
      if (!raw.holds(extent.description_at, extent.description_size)) return;
      const auto owner = raw.part(extent.name_at, extent.name_size).text(0);
      into_.notes.push_back(
          {owner, extent.type, raw.part(extent.description_at, extent.description_size).data()});
      constexpr std::uint32_t build_id = 3;
      if (owner == "GNU" && extent.type == build_id) into_.build_id = into_.notes.back().description;
      at = extent.next;
    }
  }

  void read_flags() noexcept {
    const auto& dynamic = all_.dynamic;
    const auto flags = dynamic.value(tag_flags);
    into_.obstacles.nodelete = (dynamic.value(tag_flags_1) & flag_1_nodelete) != 0;
    into_.obstacles.static_tls = (flags & flag_static_tls) != 0;
    into_.obstacles.text_relocations = dynamic.has(tag_textrel) || (flags & flag_textrel) != 0;
    into_.runs.init = dynamic.value(tag_init) != 0, into_.runs.fini = dynamic.value(tag_fini) != 0;
    into_.runs.init_count = dynamic.value(tag_init_arraysz) / all_.map.head.word_size();
    into_.runs.fini_count = dynamic.value(tag_fini_arraysz) / all_.map.head.word_size();
  }

  std::string_view name_at(std::uint64_t offset) noexcept {
    std::string_view name;
    return report_.names.read(all_.strings, offset, name) ? name : std::string_view();
  }

  void read_names() {
    for (std::uint64_t i = 0; i < all_.dynamic.count(); ++i) {
      const auto value = all_.dynamic.value_of(i);
      switch (all_.dynamic.tag_of(i)) {
      case tag_soname:
        into_.name = name_at(value);
        break;
      case tag_needed:
        into_.needed.push_back(name_at(value));
        break;
      case tag_rpath:
        into_.rpath.push_back(name_at(value));
        break;
      case tag_runpath:
        into_.runpath.push_back(name_at(value));
        break;
      default:
        break;
      }
    }
  }

  void read_versions() {
    const version_sink sink{this, [](void* self, unsigned index, std::uint32_t name) {
                              static_cast<reporter*>(self)->add_version(index, name);
                            }};
    report_.failed(read_version_names(all_, sink));
    if (!all_.dynamic.has(tag_versym)) return;
    const auto address = all_.dynamic.value(tag_versym), at = all_.dynamic.at(tag_versym);
    report_.failed(all_.view(part::version_indices, at, address, 2 * all_.symbol_limit, indices_));
  }

  void add_version(unsigned index, std::uint32_t name) {
    if (index >= versions_.size()) versions_.resize(index + 1); // at most 32,768
    versions_[index] = name_at(name);
  }

  // What the relocations of a processor that we do not know refer to is unknown: then all symbols count as
  // bound.
  void read_uses() {
    used_.resize(static_cast<std::size_t>(all_.symbol_limit), !can_read_uses(all_));
    const use_sink sink{this, [](void* self, const relocation& each, tls_use use) {
                          static_cast<reporter*>(self)->add_use(each, use);
                        }};
    report_.failed(read_relocation_uses(all_, sink));
    if (into_.tls == tls_model::none && into_.tls_size != 0) into_.tls = tls_model::dynamic;
  }

  void add_use(const relocation& each, tls_use use) {
    if (each.symbol != 0 && each.symbol < all_.symbol_limit)
      used_[static_cast<std::size_t>(each.symbol)] = true;
    if (use == tls_use::none || !is_own(each.symbol)) return;
    const auto model = use == tls_use::offset       ? tls_model::initial_exec
                       : use == tls_use::descriptor ? tls_model::descriptors
                                                    : tls_model::dynamic;
    if (model > into_.tls) into_.tls = model;
  }

  // A relocation without a symbol means the library's own block.
  bool is_own(std::uint64_t index) const noexcept {
    return into_.tls_size != 0 && (index == 0 || parse_symbol(all_.symbols, index, all_.wide()).defined());
  }

  // 0 and 1 are no versions, although a definition of 1 names the library itself.
  std::string_view version_of(std::uint64_t symbol_index) const noexcept {
    constexpr unsigned first_own = 2, mask = 0x7fff;
    const auto index = indices_.u16(2 * symbol_index) & mask;
    return index >= first_own && index < versions_.size() ? versions_[index] : std::string_view();
  }

  // False where the table is no more believable.
  bool read_symbol(std::uint64_t index) {
    if (check_symbol(all_, index)) return false;
    const auto entry = parse_symbol(all_.symbols, index, all_.wide());
    if (entry.binding() == binding_local || entry.type() == symbol_section || entry.type() == symbol_file)
      return true;
    symbol result{name_at(entry.name), version_of(index), entry.size, kind_of(entry)};
    result.weak = entry.binding() == binding_weak, result.unique = entry.binding() == binding_unique;
    result.relocated = used_[static_cast<std::size_t>(index)];
    if (result.unique && entry.defined()) {
      ++into_.obstacles.unique_symbols;
      into_.obstacles.bound_unique_symbols += result.relocated;
    }
    if (!entry.defined() && result.name.starts_with("__cxa_thread_atexit"))
      into_.obstacles.tls_destructors = true;
    if (entry.defined() && result.name.starts_with("tenure_plugin_")) read_plugin(result.name, entry);
    (entry.defined() ? into_.exports : into_.imports).push_back(result);
    return true;
  }

  void read_plugin(std::string_view name, const symbol_entry& entry) {
    const auto at = all_.dynamic.at(tag_symtab);
    report_.read_plugin(name, [&](std::uint64_t count) {
      bytes raw;
      return report_.failed(all_.view(part::symbol_table, at, entry.value, count, raw)) ? bytes() : raw;
    });
  }

  fact_reader& report_;
  facts& into_;
  tables all_;
  bytes indices_;
  std::vector<std::string_view> versions_;
  std::vector<bool> used_; ///< by symbol
};

} // namespace

// Takes a file of any processor; whether this process could load it, `check` has said already.
void read_facts(fact_reader& report) {
  settle_order(report.file);
  const auto head = parse_header(report.file.first());
  auto& into = report.into;
  into.order = head.order, into.bits = head.wide ? 64 : 32, into.machine = head.machine;
  program_header_memory memory;
  layout seen;
  const target own{format::elf, into.order, into.bits, 0};
  if (report.failed(read_layout(report.file, own, memory, seen))) return;
  reporter(report, seen).run();
}

} // namespace tenure::inline v1::image::elf
