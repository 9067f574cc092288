// Recognising formats, and the files that people hand to a loader by mistake.
#include "formats.hpp"

#include "elf.hpp"
#include "macho.hpp"
#include "pe.hpp"

#include <algorithm>

namespace tenure::inline v1::image {
namespace {

struct signature {
  std::string_view prefix;
  cause what;
};

constexpr signature signatures[] = {
    {"!<arch>\n", cause::static_archive},
    {"!<thin>\n", cause::static_archive},
    {"version https://git-lfs", cause::git_lfs_pointer},
    {"#!", cause::script},
    {"BC\xc0\xde", cause::llvm_bitcode},
    {{"\0asm", 4}, cause::webassembly},
    {"\x1f\x8b", cause::compressed}, // gzip
    {"\xfd"
     "7zXZ",
     cause::compressed},                     // xz
    {"\x28\xb5\x2f\xfd", cause::compressed}, // zstd
    {"BZh", cause::compressed},              // bzip2
    {"PK\x03\x04", cause::compressed},       // zip
};

bool is_text(const bytes& first) noexcept {
  return std::all_of(first.data().begin(), first.data().end(), [](std::byte each) {
    const auto c = std::to_integer<unsigned char>(each);
    return c >= 0x20 ? c != 0x7f : (c >= '\t' && c <= '\r') || c == 0x1b;
  });
}

bool is_linker_script(std::string_view text) noexcept {
  for (const auto word : {"GNU ld script", "INPUT(", "INPUT (", "GROUP(", "GROUP (", "OUTPUT_FORMAT"})
    if (text.find(word) != text.npos) return true;
  return false;
}

bool is_zero(const bytes& first) noexcept {
  return std::all_of(first.data().begin(), first.data().end(),
                     [](std::byte each) { return each == std::byte{0}; });
}

} // namespace

format recognise(const bytes& first) noexcept {
  if (first.starts_with(elf::magic)) return format::elf;
  if (first.starts_with(pe::dos_magic)) return format::pe;
  return macho::recognise(first) ? format::macho : format::unknown;
}

finding look_closer(const bytes& first, std::uint64_t size) noexcept {
  if (size == 0) return {cause::empty};
  for (const auto& each : signatures)
    if (first.starts_with(each.prefix)) return {each.what};
  if (macho::is_java_class(first)) return {cause::java_class};
  if (is_zero(first)) return {cause::zeros};
  if (!is_text(first)) return {cause::unknown_format, part::file, 0, first.in_order(byte_order::big).u32(0)};
  constexpr std::uint64_t enough = 1024; // a linker script begins with its comment or its command
  return {is_linker_script(first.text(0, enough)) ? cause::linker_script : cause::text};
}

} // namespace tenure::inline v1::image
