// Which process a file was built for, whatever this one is.
#include "elf.hpp"
#include "formats.hpp"
#include "machine.hpp"
#include "macho.hpp"
#include "pe.hpp"

namespace tenure::inline v1::image {
namespace {

using small_part = std::array<std::byte, 64>;

target elf_target(const bytes& first) noexcept {
  const auto order = first.u8(elf::ident_data) == elf::data_big ? byte_order::big : byte_order::little;
  return {format::elf, order,
          static_cast<std::uint8_t>(first.u8(elf::ident_class) == elf::class_32 ? 32 : 64), 0};
}

target pe_target(const part_reader& file) noexcept {
  small_part memory;
  bytes magic;
  const auto at = std::uint64_t{file.first().u32(pe::nt_offset_at)} + pe::file_header_size;
  const bool known = at + 2 <= file.file_size() && !file.get(at, 2, memory, magic);
  return {format::pe, byte_order::little,
          static_cast<std::uint8_t>(known && magic.u16(0) == pe::magic_32 ? 32 : 64), 0};
}

target macho_target(part_reader& file) noexcept {
  macho::slice where;
  macho::header head;
  target process = native();
  process.kind = format::macho;
  // The number that Mach-O gives to this machine is this process's own only on Apple's systems.
  const bool found = !macho::find_slice(file, process, where);
  if (macho::read_header(file, where, head)) return {format::macho, byte_order::little, 64, 0};
  const bool thin = where.begin == 0;
  return {format::macho, file.first().order(), static_cast<std::uint8_t>(head.wide ? 64 : 32),
          thin || !found ? 0 : head.cpu};
}

} // namespace

target built_for(const source& file) noexcept {
  std::array<std::byte, 4096> page;
  const auto wanted = file.size < page.size() ? static_cast<std::size_t>(file.size) : page.size();
  if (wanted == 0 || file.read(file.context, 0, page.data(), wanted) != wanted) return native();
  part_reader reader(file, bytes({page.data(), wanted}, byte_order::little));
  switch (recognise(reader.first())) {
  case format::elf:
    return elf_target(reader.first());
  case format::pe:
    return pe_target(reader);
  case format::macho:
    return macho_target(reader);
  case format::unknown:
    break;
  }
  return native();
}

} // namespace tenure::inline v1::image
