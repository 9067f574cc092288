#include "linger.hpp"

#include "image/image.hpp"
#include "os/os.hpp"
#include "os/why_mapped.hpp"

#include <fmt/core.h>

#include <vector>

namespace tenure::inline v1::detail {
namespace {

constexpr std::uint64_t largest_read = std::uint64_t{1}
                                       << 30; // bytes; larger files are explained without their tables

std::vector<std::byte> read_whole(const std::string& path) {
  os::file file;
  os::fault ignored; // a file that is gone explains nothing
  if (!file.open(path, ignored) || file.size() > largest_read) return {};
  std::vector<std::byte> bytes(static_cast<std::size_t>(file.size()));
  const std::ptrdiff_t n = file.read_at(0, bytes.data(), bytes.size());
  bytes.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return bytes;
}

std::string_view first_unique(const image::facts& f) noexcept {
  for (const image::symbol& s : f.exports)
    if (s.unique && s.relocated) return s.name;
  return {};
}

linger_finding explain_by_file(const image::facts& f) {
  if (f.obstacles.nodelete)
    return {linger_reason::nodelete_flag, "linked with -z nodelete (DF_1_NODELETE); link it without"};
  if (f.obstacles.bound_unique_symbols != 0)
    return {linger_reason::unique_symbol,
            fmt::format("defines {} unique symbol{}, the first is {}; build it with -fno-gnu-unique",
                        f.obstacles.bound_unique_symbols, f.obstacles.bound_unique_symbols == 1 ? "" : "s",
                        first_unique(f))};
  if (f.obstacles.tls_destructors)
    return {linger_reason::tls_destructor_pending, "a thread that is still running has to destroy a "
                                                   "thread_local of it; it goes when that thread has ended"};
  if (f.kind == image::format::unknown) return {linger_reason::unknown, "its file can no longer be read"};
  return {linger_reason::other_holder, "nothing in its file and no other library keeps it: somebody else in "
                                       "this process has opened it too, or with "
                                       "RTLD_NODELETE"};
}

} // namespace

linger_finding explain_lingering(const std::string& path, const os::mapped_image& image) {
  linger_finding by_system = os::why_mapped(path, image);
  if (by_system.reason == linger_reason::loader_never_unloads) return by_system;
  const std::vector<std::byte> bytes = read_whole(path);
  linger_finding by_file = explain_by_file(image::read_facts(bytes));
  if (by_file.reason == linger_reason::nodelete_flag || by_file.reason == linger_reason::unique_symbol)
    return by_file;
  if (by_system.reason != linger_reason::unknown) return by_system;
  return by_file;
}

} // namespace tenure::inline v1::detail
