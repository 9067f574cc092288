// glibc's /etc/ld.so.cache: which file the loader takes for a name.
#ifndef TENURE_LIB_CLI_LOADER_CACHE_HPP
#define TENURE_LIB_CLI_LOADER_CACHE_HPP

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tenure::cli {

/// Paths by name, for all machines that the cache knows, as ldconfig ordered them. Empty for bytes that are
/// no such cache.
class loader_cache {
public:
  loader_cache() = default;
  explicit loader_cache(std::span<const std::byte> file);

  /// Of this system; empty where there is none.
  static loader_cache installed();

  /// Libraries for particular processors (glibc-hwcaps) are left out: the loader may take one, with the same
  /// dependencies.
  const std::vector<std::string>& find(std::string_view name) const;
  bool empty() const noexcept { return paths_.empty(); }

private:
  std::unordered_map<std::string, std::vector<std::string>> paths_;
};

} // namespace tenure::cli

#endif
