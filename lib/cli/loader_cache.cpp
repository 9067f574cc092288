#include "loader_cache.hpp"

#include "image/bytes.hpp"
#include "os/os.hpp"

#include <bit>

namespace tenure::cli {
namespace {

using image::bytes;

// The older format may stand before it.
constexpr std::string_view magic = "glibc-ld.so.cache1.1";
constexpr std::uint64_t header_size = 48, entry_size = 24, count_at = 20;
constexpr std::uint64_t largest = std::uint64_t{64} << 20; // bytes; a distribution's is 100 KiB

bytes find_table(std::span<const std::byte> file) {
  constexpr auto order =
      std::endian::native == std::endian::big ? image::byte_order::big : image::byte_order::little;
  const bytes all(file, order);
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const auto at = text.find(magic);
  return at == text.npos ? bytes() : all.from(at);
}

} // namespace

loader_cache::loader_cache(std::span<const std::byte> file) {
  const auto table = find_table(file);
  const auto room = table.size() < header_size ? 0 : (table.size() - header_size) / entry_size;
  for (std::uint64_t i = 0; i < table.u32(count_at) && i < room; ++i) {
    const auto at = header_size + i * entry_size;
    const bool for_some_processors = table.u64(at + 16) != 0;
    if (for_some_processors) continue;
    const auto name = table.text(table.u32(at + 4)), path = table.text(table.u32(at + 8));
    if (!name.empty() && !path.empty()) paths_[std::string(name)].emplace_back(path);
  }
}

loader_cache loader_cache::installed() {
  os::file file;
  os::fault none;
  if (!file.open("/etc/ld.so.cache", none) || file.size() > largest) return {};
  std::vector<std::byte> content(static_cast<std::size_t>(file.size()));
  const auto got = file.read_at(0, content.data(), content.size());
  content.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return loader_cache(content);
}

const std::vector<std::string>& loader_cache::find(std::string_view name) const {
  static const std::vector<std::string> none;
  const auto at = paths_.find(std::string(name));
  return at == paths_.end() ? none : at->second;
}

} // namespace tenure::cli
