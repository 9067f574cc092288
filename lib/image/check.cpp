// The check that stands before the loader: reads the file's beginning and hands it to its format.
#include "elf.hpp"
#include "formats.hpp"
#include "macho.hpp"
#include "pe.hpp"

namespace tenure::inline v1::image {
namespace {

// One page: holds the headers of nearly every library, and the program headers of all that we met but five.
using first_page = std::array<std::byte, 4096>;

finding check_format(format kind, part_reader& file, level depth, const target& process) noexcept {
  const bool deep = depth == level::tables;
  switch (kind) {
  case format::elf:
    return deep ? elf::check_tables(file, process) : elf::check_headers(file, process);
  case format::pe:
    return pe::check(file, depth, process);
  case format::macho:
    return macho::check(file, depth, process);
  case format::unknown:
    break;
  }
  return look_closer(file.first(), file.file_size());
}

std::size_t read_memory(void* context, std::uint64_t offset, void* into, std::size_t count) noexcept {
  const auto& file = *static_cast<const std::span<const std::byte>*>(context);
  if (offset >= file.size()) return 0;
  const auto rest = file.subspan(static_cast<std::size_t>(offset));
  const auto copied = count < rest.size() ? count : rest.size();
  std::memcpy(into, rest.data(), copied);
  return copied;
}

} // namespace

source source_of(std::span<const std::byte>& file) noexcept { return {read_memory, &file, file.size()}; }

finding check(const source& file, level depth, const target& process) noexcept {
  first_page page;
  const auto wanted = file.size < page.size() ? static_cast<std::size_t>(file.size) : page.size();
  const auto got = wanted == 0 ? 0 : file.read(file.context, 0, page.data(), wanted);
  if (got != wanted) return {cause::unreadable, part::file, 0, got, wanted};
  const bytes first({page.data(), wanted}, byte_order::little);
  const auto kind = recognise(first);
  if (kind != format::unknown && kind != process.kind)
    return {cause::foreign_format, part::file, 0, static_cast<std::uint64_t>(kind),
            static_cast<std::uint64_t>(process.kind)};
  part_reader reader(file, first);
  return check_format(kind, reader, depth, process);
}

} // namespace tenure::inline v1::image
