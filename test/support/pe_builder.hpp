// Builds a small, whole Windows DLL, PE32 or PE32+, with exports, imports, thread-local storage and base
// relocations.
#ifndef TENURE_TEST_PE_BUILDER_HPP
#define TENURE_TEST_PE_BUILDER_HPP

#include "byte_writer.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace tenure_test {

struct pe_file {
  file_bytes data;
  bool wide = true;
  std::map<std::string, std::size_t> places;

  std::size_t at(const std::string& name) const { return places.at(name); }
  void set(std::size_t where, std::uint64_t value, std::size_t size) { patch(data, where, value, size); }
  tenure::image::target process() const {
    return {tenure::image::format::pe, tenure::image::byte_order::little,
            static_cast<std::uint8_t>(wide ? 64 : 32), wide ? 0x8664u : 0x14cu};
  }
};

/// Two sections: code at 0x1000 (file 0x400), all the rest at 0x2000 (file 0x600).
class pe_builder {
public:
  static constexpr std::uint64_t code_address = 0x1000, code_offset = 0x400, data_address = 0x2000,
                                 data_offset = 0x600, section_bytes = 0x200, data_bytes = 0x400,
                                 image_size = 0x3000, base = 0x10000000;

  explicit pe_builder(bool wide) { file_.wide = wide; }

  pe_file build() {
    out_.zero_to(data_offset);
    write_exports(), write_imports(), write_thread_locals(), write_relocations();
    out_.zero_to(data_offset + data_bytes);
    file_.data = out_.data();
    write_headers();
    std::copy(out_.data().begin(), out_.data().end(), file_.data.begin());
    return file_;
  }

private:
  void mark(const std::string& name) { file_.places[name] = out_.at(); }
  void word(std::uint64_t value) { out_.number(value, file_.wide ? 8 : 4); }
  std::uint64_t address() const { return out_.at() - data_offset + data_address; }
  std::uint64_t address_of(const std::string& name) const {
    return file_.at(name) - data_offset + data_address;
  }
  void text(const std::string& name, std::string_view value) { mark(name), out_.text(value), out_.u8(0); }

  void write_exports() {
    text("dll_name", "plugin.dll"), text("function_name", "plugin_entry"), text("data_name", "plugin_data");
    out_.align(4), mark("functions"), out_.u32(code_address + 8), out_.u32(data_address + 4);
    mark("names"), out_.u32(address_of("data_name")), out_.u32(address_of("function_name"));
    mark("indices"), out_.u16(1), out_.u16(0);
    mark("exports");
    out_.u32(0), out_.u32(0), out_.u32(0), out_.u32(address_of("dll_name")), out_.u32(1), out_.u32(2),
        out_.u32(2);
    out_.u32(address_of("functions")), out_.u32(address_of("names")), out_.u32(address_of("indices"));
    mark("exports_end");
  }

  void write_imports() {
    text("needed", "KERNEL32.dll");
    out_.align(2), mark("hint"), out_.u16(0), out_.text("GetLastError"), out_.u8(0);
    out_.align(8), mark("lookups"), word(address_of("hint"));
    word(std::uint64_t{1} << (file_.wide ? 63 : 31) | 7), word(0); // by ordinal
    mark("slots"), word(0), word(0), word(0);
    mark("imports");
    out_.u32(address_of("lookups")), out_.u32(0), out_.u32(0), out_.u32(address_of("needed"));
    out_.u32(address_of("slots")), out_.u32(0), out_.u32(0), out_.u32(0), out_.u32(0), out_.u32(0);
    mark("imports_end");
  }

  void write_thread_locals() {
    out_.align(8), mark("callbacks"), word(base + code_address), word(0);
    mark("tls"), word(base + data_address), word(base + data_address + 8), word(base + data_address + 16);
    word(base + address_of("callbacks")), out_.u32(4), out_.u32(4u << 20); // aligned to 8
    mark("tls_end");
  }

  void write_relocations() {
    out_.align(4), mark("relocations");
    out_.u32(data_address), out_.u32(12), out_.u16(file_.wide ? 0xa008 : 0x3008), out_.u16(0);
    mark("relocations_end");
  }

  void directory(const std::string& name) {
    out_.u32(address_of(name)), out_.u32(file_.at(name + "_end") - file_.at(name));
  }

  void section(std::string_view name, std::uint64_t at, std::uint64_t offset, std::uint64_t size,
               std::uint64_t flags) {
    const auto begin = out_.at();
    out_.text(name), out_.zero_to(begin + 8);
    out_.u32(size), out_.u32(at), out_.u32(size), out_.u32(offset), out_.zero_to(out_.at() + 12),
        out_.u32(flags);
  }

  void write_headers() {
    out_ = byte_writer();
    out_.text("MZ"), out_.zero_to(0x3c), out_.u32(0x80), out_.zero_to(0x80);
    mark("nt");
    out_.text("PE"), out_.u16(0), out_.u16(file_.wide ? 0x8664 : 0x14c), out_.u16(2), out_.u32(0),
        out_.u32(0);
    out_.u32(0), out_.u16(file_.wide ? 240 : 224), out_.u16(0x2022);
    mark("optional");
    out_.u16(file_.wide ? 0x20b : 0x10b), out_.zero_to(out_.at() + 14), out_.u32(code_address), out_.u32(0);
    if (!file_.wide) out_.u32(0);
    word(base), out_.u32(0x1000), out_.u32(0x200), out_.zero_to(file_.at("optional") + 56);
    out_.u32(image_size), out_.u32(0x400), out_.u32(0), out_.u16(3), out_.u16(0x160);
    for (int i = 0; i < 4; ++i) word(0x1000);
    out_.u32(0), out_.u32(16);
    mark("directories");
    directory("exports"), directory("imports"), out_.zero_to(file_.at("directories") + 8 * 5);
    directory("relocations"), out_.zero_to(file_.at("directories") + 8 * 9);
    directory("tls"), out_.zero_to(file_.at("directories") + 8 * 16);
    mark("sections");
    section(".text", code_address, code_offset, section_bytes, 0x60000020);
    section(".data", data_address, data_offset, data_bytes, 0xc0000040);
  }

  pe_file file_;
  byte_writer out_;
};

inline pe_file build_pe(bool wide = true) { return pe_builder(wide).build(); }

} // namespace tenure_test

#endif
