// Builds a small, whole ELF library of any class, byte order and machine, with one of each table that the
// check reads.
#ifndef TENURE_TEST_ELF_BUILDER_HPP
#define TENURE_TEST_ELF_BUILDER_HPP

#include "byte_writer.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace tenure_test {

struct elf_options {
  bool wide = true;
  tenure::image::byte_order order = tenure::image::byte_order::little;
  std::uint16_t machine = 62;      // x86-64
  std::uint32_t relative_type = 8; // R_X86_64_RELATIVE, R_386_RELATIVE
  std::uint16_t type = 3;          // ET_DYN
  std::uint64_t flags = 0, flags_1 = 0;
  bool relr = false; // the initialisers by DT_RELR instead of DT_RELA
};

/// The file, and where its parts are. Address and offset are the same number everywhere.
struct elf_file {
  file_bytes data;
  elf_options options;
  std::map<std::string, std::size_t> places;
  std::map<std::uint64_t, std::size_t> tags; ///< where each dynamic entry stands

  std::size_t word() const { return options.wide ? 8 : 4; }
  std::size_t at(const std::string& name) const { return places.at(name); }
  void set(std::size_t at, std::uint64_t value, std::size_t size) {
    patch(data, at, value, size, options.order);
  }
  void set_tag(std::uint64_t tag, std::uint64_t value) { set(tags.at(tag) + word(), value, word()); }
  void drop_tag(std::uint64_t tag) { set(tags.at(tag), 0x6ffffe00, word()); } // a tag that means nothing

  tenure::image::target process() const {
    return {tenure::image::format::elf, options.order, static_cast<std::uint8_t>(options.wide ? 64 : 32),
            options.machine};
  }
};

class elf_builder {
public:
  static constexpr std::uint64_t code_at = 0x1000, data_at = 0x2000, code_size = 0x40;
  static constexpr std::uint64_t symbol_count = 7, program_headers = 7, sections = 6;

  explicit elf_builder(elf_options options)
      : out_(options.order) {
    file_.options = options;
  }

  elf_file build() {
    out_.zero_to(header_size() + program_headers * program_header_size());
    write_notes(), write_strings(), write_symbols(), write_hashes(), write_versions(), write_relocations();
    mark("text_end");
    out_.zero_to(code_at + code_size);
    out_.zero_to(data_at);
    write_data();
    write_dynamic();
    mark("data_end");
    write_sections();
    file_.data = out_.data();
    write_headers();
    return file_;
  }

private:
  bool wide() const { return file_.options.wide; }
  std::size_t word_size() const { return wide() ? 8 : 4; }
  std::size_t header_size() const { return wide() ? 64 : 52; }
  std::size_t program_header_size() const { return wide() ? 56 : 32; }
  std::size_t section_header_size() const { return wide() ? 64 : 40; }
  void word(std::uint64_t value) { out_.number(value, word_size()); }
  void mark(const std::string& name) { file_.places[name] = out_.at(); }
  std::size_t at(const std::string& name) const { return file_.places.at(name); }

  void write_note(std::string_view owner, std::uint32_t type, std::string_view description) {
    out_.u32(owner.size() + 1), out_.u32(description.size()), out_.u32(type);
    out_.text(owner), out_.u8(0), out_.align(4);
    out_.text(description), out_.align(4);
  }

  void write_notes() {
    out_.align(8), mark("notes");
    write_note("GNU", 3, "0123456789");
    write_note("Tenure", 1, "abi=1");
    mark("notes_end");
  }

  std::size_t string(std::string_view value) {
    const auto offset = out_.at() - at("strings");
    out_.text(value), out_.u8(0);
    file_.places["string " + std::string(value)] = offset;
    return offset;
  }

  void write_strings() {
    mark("strings");
    for (const auto each :
         {"", "libneeded.so.1", "libplugin.so", "$ORIGIN/lib", "puts", "__cxa_thread_atexit_impl",
          "plugin_entry", "plugin_data", "plugin_unique", "plugin_tls", "NEEDED_1", "OWN_1"})
      string(each);
    mark("strings_end");
  }

  void write_symbol(std::string_view name, unsigned binding, unsigned type, unsigned section,
                    std::uint64_t value, std::uint64_t size) {
    out_.u32(at("string " + std::string(name)));
    if (!wide()) out_.u32(value), out_.u32(size);
    out_.u8(binding << 4 | type), out_.u8(0), out_.u16(section);
    if (wide()) out_.u64(value), out_.u64(size);
  }

  void write_symbols() {
    out_.align(8), mark("symbols");
    write_symbol("", 0, 0, 0, 0, 0);
    write_symbol("puts", 1, 2, 0, 0, 0);
    write_symbol("__cxa_thread_atexit_impl", 2, 2, 0, 0, 0);
    write_symbol("plugin_entry", 1, 2, 1, code_at + 16, 16);
    write_symbol("plugin_data", 1, 1, 2, data_at, 4);
    write_symbol("plugin_unique", 10, 1, 2, data_at + 4, 4);
    write_symbol("plugin_tls", 1, 6, 2, 0, 8);
    mark("symbols_end");
  }

  // One bucket; the first three symbols are not in GNU's table.
  void write_hashes() {
    out_.align(8), mark("hash");
    const std::size_t entry = wide() && file_.options.machine == 22 ? 8 : 4; // S/390
    for (const std::uint64_t each : {std::uint64_t{1}, symbol_count, symbol_count - 1})
      out_.number(each, entry);
    for (std::uint64_t i = 0; i < symbol_count; ++i) out_.number(i == 0 ? 0 : i - 1, entry);
    out_.align(8), mark("gnu_hash");
    for (const auto each : {1, 3, 1, 5}) out_.u32(static_cast<std::uint64_t>(each));
    word(UINT64_MAX), out_.u32(3);
    for (std::uint64_t i = 3; i < symbol_count; ++i) out_.u32(i + 1 == symbol_count ? 0x11 : 0x10);
  }

  void write_versions() {
    out_.align(8), mark("versym");
    for (const auto each : {0, 2, 2, 3, 3, 3, 1}) out_.u16(static_cast<std::uint64_t>(each));
    out_.align(8), mark("verneed");
    out_.u16(1), out_.u16(1), out_.u32(at("string libneeded.so.1")), out_.u32(16), out_.u32(0);
    out_.u32(0x1234), out_.u16(0), out_.u16(2), out_.u32(at("string NEEDED_1")), out_.u32(0);
    out_.align(8), mark("verdef");
    out_.u16(1), out_.u16(0), out_.u16(3), out_.u16(1), out_.u32(0x4321), out_.u32(20), out_.u32(0);
    out_.u32(at("string OWN_1")), out_.u32(0);
  }

  void relocate(std::uint64_t target, std::uint64_t symbol, std::uint64_t type, std::uint64_t addend) {
    word(target), word(wide() ? symbol << 32 | type : symbol << 8 | type), word(addend);
  }

  // The initialiser, the finaliser, and one slot for the imported function.
  void write_relocations() {
    out_.align(8), mark("rela");
    const auto type = file_.options.relative_type;
    if (!file_.options.relr) {
      relocate(data_at + 0x20, 0, type, code_at);
      relocate(data_at + 0x28, 0, type, code_at + 8);
    }
    relocate(data_at + 0x30, 1, 1, 0);
    mark("rela_end");
    out_.align(8), mark("relr");
    word(data_at + 0x20), word(wide() ? 3 : 5); // and the next slot at 0x28
    mark("relr_end");
  }

  void write_data() {
    out_.zero_to(data_at + 0x20), mark("init_array"), word(code_at);
    out_.zero_to(data_at + 0x28), mark("fini_array"), word(code_at + 8);
    out_.zero_to(data_at + 0x40);
  }

  void tag(std::uint64_t name, std::uint64_t value) {
    file_.tags[name] = out_.at();
    word(name), word(value);
  }

  void write_dynamic() {
    mark("dynamic");
    tag(1, at("string libneeded.so.1")), tag(14, at("string libplugin.so")),
        tag(29, at("string $ORIGIN/lib"));
    tag(5, at("strings")), tag(10, at("strings_end") - at("strings"));
    tag(6, at("symbols")), tag(11, wide() ? 24 : 16);
    tag(4, at("hash")), tag(0x6ffffef5, at("gnu_hash"));
    tag(7, at("rela")), tag(8, at("rela_end") - at("rela")), tag(9, 3 * word_size());
    if (file_.options.relr)
      tag(36, at("relr")), tag(35, at("relr_end") - at("relr")), tag(37, word_size());
    else
      tag(0x6ffffff9, 2); // DT_RELACOUNT
    tag(12, code_at), tag(13, code_at + 8);
    tag(25, at("init_array")), tag(27, word_size()), tag(26, at("fini_array")), tag(28, word_size());
    tag(0x6ffffff0, at("versym")), tag(0x6ffffffe, at("verneed")), tag(0x6fffffff, 1);
    tag(0x6ffffffc, at("verdef")), tag(0x6ffffffd, 1);
    tag(30, file_.options.flags), tag(0x6ffffffb, file_.options.flags_1);
    tag(0, 0);
  }

  void section(std::uint64_t type, std::uint64_t flags, std::uint64_t begin, std::uint64_t end) {
    out_.u32(0), out_.u32(type), word(flags), word(begin), word(begin), word(end - begin);
    out_.u32(0), out_.u32(0), word(1), word(0);
  }

  void write_sections() {
    out_.align(8), mark("sections");
    section(0, 0, 0, 0);
    section(1, 6, code_at, code_at + code_size);      // code
    section(1, 3, data_at, at("dynamic"));            // data
    section(11, 2, at("symbols"), at("symbols_end")); // SHT_DYNSYM
    section(3, 2, at("strings"), at("strings_end"));  // SHT_STRTAB
    section(4, 2, at("rela"), at("rela_end"));        // SHT_RELA
  }

  void program_header(std::uint64_t type, std::uint64_t flags, std::uint64_t begin, std::uint64_t size,
                      std::uint64_t memory, std::uint64_t align) {
    out_.u32(type);
    if (wide()) out_.u32(flags);
    word(begin), word(begin), word(begin), word(size), word(memory);
    if (!wide()) out_.u32(flags);
    word(align);
  }

  void write_headers() {
    out_ = byte_writer(file_.options.order);
    out_.text("\x7f"
              "ELF"),
        out_.u8(wide() ? 2 : 1);
    out_.u8(file_.options.order == tenure::image::byte_order::big ? 2 : 1), out_.u8(1), out_.zero_to(16);
    out_.u16(file_.options.type), out_.u16(file_.options.machine), out_.u32(1);
    word(0), word(header_size()), word(at("sections")), out_.u32(0), out_.u16(header_size());
    out_.u16(program_header_size()), out_.u16(program_headers), out_.u16(section_header_size()),
        out_.u16(sections), out_.u16(0);
    mark("program_headers");
    program_header(1, 4, 0, at("text_end"), at("text_end"), 0x1000);
    program_header(1, 5, code_at, code_size, code_size, 0x1000);
    program_header(1, 6, data_at, at("data_end") - data_at, at("data_end") - data_at + 0x100, 0x1000);
    program_header(2, 6, at("dynamic"), at("data_end") - at("dynamic"), at("data_end") - at("dynamic"), 8);
    program_header(4, 4, at("notes"), at("notes_end") - at("notes"), at("notes_end") - at("notes"), 4);
    program_header(7, 4, data_at, 8, 16, 8);               // PT_TLS
    program_header(0x6474e552, 4, data_at, 0x40, 0x40, 1); // PT_GNU_RELRO
    std::copy(out_.data().begin(), out_.data().end(), file_.data.begin());
  }

  elf_file file_;
  byte_writer out_;
};

inline elf_file build_elf(elf_options options = {}) { return elf_builder(options).build(); }

} // namespace tenure_test

#endif
