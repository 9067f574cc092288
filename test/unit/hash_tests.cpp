// Names are told apart by all their bytes, wherever they lie.
#include "hash.hpp"
#include "os/symbol_tables.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

namespace {

using tenure::detail::equal_bytes;
using tenure::detail::hash_bytes;

constexpr std::size_t longest = 200; // bytes: beyond all that is treated apart

std::string text_of(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i != size; ++i) text += static_cast<char>('a' + i * 7 % 26);
  return text;
}

// As a host's plug-ins are named.
std::vector<std::string> many_paths() {
  std::vector<std::string> paths;
  for (const char* folder : {"/usr/lib/ladspa/", "/opt/a_host/plugins/vendor/effects/lib"})
    for (int i = 0; i != 50'000; ++i) paths.push_back(folder + std::to_string(i) + ".so");
  return paths;
}

} // namespace

TEST_CASE("texts are equal wherever they lie, and not if one byte differs") {
  for (std::size_t size = 0; size <= longest; ++size) {
    const std::string text = text_of(size);
    for (std::size_t shift : {0U, 1U, 5U}) {
      std::string other = std::string(shift, '#') + text;
      const char* const p = other.data() + shift;
      CHECK(equal_bytes(text.data(), p, size));
      CHECK(hash_bytes(text) == hash_bytes(p, size));
      for (std::size_t i = 0; i != size; ++i) {
        other[shift + i] ^= 1;
        if (equal_bytes(text.data(), p, size) || hash_bytes(text) == hash_bytes(p, size))
          FAIL_CHECK("of " << size << " bytes, number " << i << " does not count");
        other[shift + i] ^= 1;
      }
    }
  }
}

TEST_CASE("texts of other lengths have other hashes, and none is 0") {
  std::unordered_set<std::uint64_t> seen;
  for (std::size_t size = 0; size <= longest; ++size) seen.insert(hash_bytes(std::string(size, 'x')));
  CHECK(seen.size() == longest + 1);
  CHECK(seen.count(0) == 0);
}

TEST_CASE("paths that differ in their numbers only are spread") {
  const std::vector<std::string> paths = many_paths();
  std::unordered_set<std::uint64_t> seen;
  constexpr std::size_t places = 1 << 18; // the index is at most half full
  std::vector<unsigned> in_place(places);
  for (const std::string& path : paths) {
    seen.insert(hash_bytes(path));
    ++in_place[hash_bytes(path) % places];
  }
  CHECK(seen.size() > paths.size() - 10);
  CHECK(*std::max_element(in_place.begin(), in_place.end()) < 16);
}

#if defined(__ELF__)
TEST_CASE("the hash of a file's own table is what its definition says, of any length and any characters") {
  std::string text;
  std::uint32_t expected = 5381;
  for (std::size_t size = 0; size <= longest; ++size) {
    CHECK(tenure::os::symbol_table::gnu_hash_of(text.data(), size) == expected);
    text += static_cast<char>(255 - size * 7 % 255);
    expected = expected * 33 + static_cast<unsigned char>(text.back());
  }
}
#endif
