// A fast 64-bit hash of a path: a 128-bit multiplication folds 16 bytes a step. Not for hostile keys: a
// collision costs one comparison more, never a wrong answer, since every hit is compared in full.
#ifndef TENURE_LIB_HASH_HPP
#define TENURE_LIB_HASH_HPP

#include <cstdint>
#include <cstring>
#include <string_view>

namespace tenure::inline v1::detail {

inline std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) noexcept {
#if defined(__SIZEOF_INT128__)
  __extension__ using wide = unsigned __int128;
  const wide product = static_cast<wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
#else
  const std::uint64_t low = (a & 0xffff'ffffu) * b;
  const std::uint64_t high = (a >> 32) * b;
  return low ^ (high << 32 | high >> 32) ^ (low >> 29);
#endif
}

inline std::uint64_t load_word(const char* p) noexcept {
  std::uint64_t w;
  std::memcpy(&w, p, sizeof w);
  return w;
}

// The last, shorter word: overlapping loads instead of a loop over bytes.
inline std::uint64_t load_tail(const char* p, std::size_t n) noexcept {
  if (n >= 4) {
    std::uint32_t first;
    std::uint32_t last;
    std::memcpy(&first, p, 4);
    std::memcpy(&last, p + n - 4, 4);
    return std::uint64_t{first} << 32 | last;
  }
  if (n == 0) return 0;
  const auto at = [p](std::size_t i) { return static_cast<std::uint64_t>(static_cast<unsigned char>(p[i])); };
  return at(0) << 16 | at(n / 2) << 8 | at(n - 1);
}

inline std::uint64_t hash_bytes(std::string_view text) noexcept {
  // Odd constants with about as many ones as zeros; any such do.
  constexpr std::uint64_t k0 = 0x9e37'79b9'7f4a'7c15u;
  constexpr std::uint64_t k1 = 0xc2b2'ae3d'27d4'eb4fu;
  const char* p = text.data();
  std::size_t n = text.size();
  std::uint64_t h = n * k0;
  for (; n > 16; n -= 16, p += 16) h = fold_multiply(load_word(p) ^ k0, load_word(p + 8) ^ h);
  const std::uint64_t first = n >= 8 ? load_word(p) : load_tail(p, n);
  const std::uint64_t last = n >= 8 ? load_word(p + n - 8) : 0;
  return fold_multiply(first ^ k1, last ^ h ^ k0) | 1; // never 0: that marks an empty place in the table
}

// Two numbers that identify something, such as a volume and a file.
inline std::uint64_t hash_pair(std::uint64_t a, std::uint64_t b) noexcept {
  return fold_multiply(a ^ 0x9e37'79b9'7f4a'7c15u, b ^ 0xc2b2'ae3d'27d4'eb4fu) | 1;
}

} // namespace tenure::inline v1::detail

#endif
