// The loader's cache is a file like any other: it may be cut off, and its offsets may lead anywhere.
#include "cli/loader_cache.hpp"

#include "support/byte_writer.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <string>

namespace {

using tenure::cli::loader_cache;
using tenure_test::file_bytes;

struct entry {
  std::string name, path;
  std::uint64_t hwcap = 0;
};

file_bytes build(const std::vector<entry>& entries) {
  constexpr auto order = std::endian::native == std::endian::big ? tenure::image::byte_order::big
                                                                 : tenure::image::byte_order::little;
  tenure_test::byte_writer out(order);
  out.text("glibc-ld.so.cache1.1"), out.u32(entries.size()), out.zero_to(48);
  std::size_t at = 48 + 24 * entries.size();
  for (const auto& each : entries) {
    out.u32(3), out.u32(at), out.u32(at + each.name.size() + 1), out.u32(0), out.u64(each.hwcap);
    at += each.name.size() + each.path.size() + 2;
  }
  for (const auto& each : entries) out.text(each.name), out.u8(0), out.text(each.path), out.u8(0);
  return out.data();
}

} // namespace

TEST_CASE("names lead to paths, in the cache's order, and not to those of particular processors") {
  const loader_cache cache(build({{"liba.so", "/hwcaps/liba.so", 1},
                                  {"liba.so", "/x/liba.so"},
                                  {"libb.so", "/b"},
                                  {"liba.so", "/y/liba.so"}}));
  CHECK(cache.find("liba.so") == std::vector<std::string>{"/x/liba.so", "/y/liba.so"});
  CHECK(cache.find("libb.so") == std::vector<std::string>{"/b"});
  CHECK(cache.find("libc.so").empty());
}

TEST_CASE("a cache behind one of the older format is found") {
  auto file = tenure_test::bytes_of("ld.so-1.7.0 and its entries, which nobody reads");
  const auto newer = build({{"liba.so", "/x/liba.so"}});
  file.insert(file.end(), newer.begin(), newer.end());
  CHECK(loader_cache(file).find("liba.so") == std::vector<std::string>{"/x/liba.so"});
}

TEST_CASE("a cache that is cut off anywhere gives no more than is there") {
  const auto whole = build({{"liba.so", "/x/liba.so"}, {"libb.so", "/x/libb.so"}});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::span<const std::byte> cut(whole.data(), size);
    const loader_cache cache(cut);
    CHECK(cache.find("liba.so").size() <= 1);
    if (size < 48) CHECK(cache.empty());
  }
}

TEST_CASE("offsets that lead nowhere are left out") {
  auto file = build({{"liba.so", "/x/liba.so"}});
  tenure_test::patch(file, 20, 0xffffffff, 4);
  tenure_test::patch(file, 52, 0xfffffff0, 4);
  CHECK(loader_cache(file).empty());
}
