// Builds a small, whole Mach-O library of any class and byte order, and universal files of several.
#ifndef TENURE_TEST_MACHO_BUILDER_HPP
#define TENURE_TEST_MACHO_BUILDER_HPP

#include "byte_writer.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace tenure_test {

struct macho_file {
  file_bytes data;
  bool wide = true;
  tenure::image::byte_order order = tenure::image::byte_order::little;
  std::uint32_t cpu = 0x01000007; // x86-64
  std::map<std::string, std::size_t> places;

  std::size_t at(const std::string& name) const { return places.at(name); }
  void set(std::size_t where, std::uint64_t value, std::size_t size) {
    patch(data, where, value, size, order);
  }
  tenure::image::target process() const {
    return {tenure::image::format::macho, order, static_cast<std::uint8_t>(wide ? 64 : 32), cpu};
  }
};

class macho_builder {
public:
  static constexpr std::uint64_t size = 0x1400, code_at = 0x800, data_at = 0x1000, symbols_at = 0x1200,
                                 strings_at = 0x1300;

  explicit macho_builder(macho_file shape)
      : file_(shape)
      , out_(shape.order) {}

  macho_file build() {
    write_header();
    write_segments();
    command("id", 0xd, 24, "@rpath/libplugin.dylib");
    command("needed", 0xc, 24, "/usr/lib/libSystem.B.dylib");
    command("rpath", 0x8000001c, 12, "@loader_path/lib");
    write_symtab_command();
    const auto end = out_.at();
    out_.zero_to(symbols_at);
    write_symbols();
    out_.zero_to(strings_at), out_.data().insert(out_.data().end(), strings_.begin(), strings_.end());
    out_.zero_to(size);
    file_.data = out_.data();
    file_.set(20, end - header_size(), 4);
    return file_;
  }

private:
  std::size_t header_size() const { return file_.wide ? 32 : 28; }
  void word(std::uint64_t value) { out_.number(value, file_.wide ? 8 : 4); }
  void mark(const std::string& name) { file_.places[name] = out_.at(); }

  void write_header() {
    out_.u32(file_.wide ? 0xfeedfacf : 0xfeedface), out_.u32(file_.cpu), out_.u32(3), out_.u32(6);
    out_.u32(7), out_.u32(0), out_.u32(0);
    if (file_.wide) out_.u32(0);
  }

  void name(std::string_view value) {
    const auto begin = out_.at();
    out_.text(value), out_.zero_to(begin + 16);
  }

  void segment(const std::string& title, std::uint64_t begin, std::uint64_t bytes, std::uint64_t sections) {
    mark(title);
    out_.u32(file_.wide ? 0x19 : 1), out_.u32((file_.wide ? 72 : 56) + sections * (file_.wide ? 80 : 68));
    name(title), word(begin), word(bytes), word(begin), word(bytes);
    out_.u32(7), out_.u32(5), out_.u32(sections), out_.u32(0);
  }

  void section(const std::string& title, std::uint64_t begin, std::uint64_t bytes, std::uint64_t flags) {
    mark(title);
    name(title), name("x"), word(begin), word(bytes), out_.u32(begin), out_.u32(3), out_.u32(0), out_.u32(0);
    out_.u32(flags), out_.u32(0), out_.u32(0);
    if (file_.wide) out_.u32(0);
  }

  void write_segments() {
    segment("__TEXT", 0, data_at, 1);
    section("__text", code_at, 0x100, 0x80000400);
    segment("__DATA", data_at, symbols_at - data_at, 4);
    section("__mod_init_func", data_at, 16, 9);
    section("__thread_vars", data_at + 16, 24, 19);
    section("__thread_data", data_at + 40, 8, 17);
    section("__data", data_at + 48, 8, 0);
    segment("__LINKEDIT", symbols_at, size - symbols_at, 0);
  }

  void command(const std::string& title, std::uint64_t kind, std::uint64_t fixed, std::string_view value) {
    mark(title);
    const auto begin = out_.at();
    const auto length = (fixed + value.size() + 8) / 8 * 8;
    out_.u32(kind), out_.u32(length), out_.u32(fixed), out_.zero_to(begin + fixed);
    out_.text(value), out_.zero_to(begin + length);
  }

  void write_symtab_command() {
    mark("symtab");
    out_.u32(2), out_.u32(24), out_.u32(symbols_at), out_.u32(4), out_.u32(strings_at),
        out_.u32(size - strings_at);
  }

  void symbol(std::string_view title, unsigned type, unsigned section_index, unsigned description) {
    out_.u32(strings_.size()), out_.u8(type), out_.u8(section_index), out_.u16(description), word(0);
    for (const char each : title) strings_.push_back(static_cast<std::byte>(each));
    strings_.push_back(std::byte{0});
  }

  void write_symbols() {
    strings_.push_back(std::byte{0});
    symbol("_plugin_entry", 0x0f, 1, 0), symbol("_plugin_tls", 0x0f, 3, 0x80);
    symbol("_plugin_data", 0x0f, 5, 0), symbol("__tlv_atexit", 0x01, 0, 0x40);
  }

  macho_file file_;
  byte_writer out_;
  file_bytes strings_;
};

inline macho_file build_macho(macho_file shape = {}) { return macho_builder(shape).build(); }

/// Slices begin at multiples of 0x1000.
inline file_bytes build_universal(const std::vector<macho_file>& slices) {
  byte_writer out(tenure::image::byte_order::big);
  out.u32(0xcafebabe), out.u32(slices.size());
  std::uint64_t begin = 0x1000;
  for (const auto& each : slices) {
    out.u32(each.cpu), out.u32(3), out.u32(begin), out.u32(each.data.size()), out.u32(12);
    begin += (each.data.size() + 0xfff) / 0x1000 * 0x1000;
  }
  for (const auto& each : slices) {
    out.align(0x1000);
    out.data().insert(out.data().end(), each.data.begin(), each.data.end());
  }
  return out.data();
}

} // namespace tenure_test

#endif
