// A fast 64-bit hash of a path: every second word goes into one sum, the others into another, and a 128-bit
// product mixes the two. Not for hostile keys: a collision costs one comparison more, never a wrong answer,
// since every hit is compared in full.
#ifndef TENURE_LIB_HASH_HPP
#define TENURE_LIB_HASH_HPP

#include <cstdint>
#include <cstring>
#include <string_view>

namespace tenure::inline v1::detail {

#if defined(__SIZEOF_INT128__)
__extension__ using wide_product = unsigned __int128;
inline wide_product multiply(std::uint64_t a, std::uint64_t b) noexcept {
  return static_cast<wide_product>(a) * b;
}
inline std::uint64_t fold(wide_product p) noexcept {
  return static_cast<std::uint64_t>(p) ^ static_cast<std::uint64_t>(p >> 64);
}
#else // 32-bit processors: two of the four partial products
using wide_product = std::uint64_t;
inline wide_product multiply(std::uint64_t a, std::uint64_t b) noexcept {
  const std::uint64_t low = (a & 0xffff'ffffu) * b;
  const std::uint64_t high = (a >> 32) * b;
  return low ^ (high << 32 | high >> 32) ^ (low >> 29);
}
inline std::uint64_t fold(wide_product p) noexcept { return p; }
#endif

inline std::uint64_t load_word(const char* p) noexcept {
  std::uint64_t w;
  std::memcpy(&w, p, sizeof w);
  return w;
}

// A text of less than a word: overlapping loads instead of a loop over bytes.
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

// Odd constants with about as many ones as zeros; any such do.
inline constexpr std::uint64_t hash_key[] = {0x9e37'79b9'7f4a'7c15u, 0xc2b2'ae3d'27d4'eb4fu};

inline std::uint64_t hash_bytes(const char* p, std::size_t n) noexcept {
  std::uint64_t even = hash_key[0] ^ n;
  std::uint64_t odd = hash_key[1];
  if (n < 16) {
    const bool whole = n >= 8;
    even ^= whole ? load_word(p) : load_tail(p, n);
    odd ^= whole ? load_word(p + n - 8) : 0;
  } else {
    const char* const last = p + n - 16; // may overlap the words before
    for (; p < last; p += 16) {
      even = (even ^ load_word(p)) * hash_key[1];
      odd = (odd ^ load_word(p + 8)) * hash_key[0];
    }
    even ^= load_word(last);
    odd ^= load_word(last + 8);
  }
  return fold(multiply(even, odd)) | 1; // never 0: that marks an empty place in the table
}
inline std::uint64_t hash_bytes(std::string_view text) noexcept {
  return hash_bytes(text.data(), text.size());
}

// Two numbers that identify something, such as a volume and a file.
inline std::uint64_t hash_pair(std::uint64_t a, std::uint64_t b) noexcept {
  return fold(multiply(a ^ hash_key[0], b ^ hash_key[1])) | 1;
}

// Whether two texts of one length are equal. Short ones, most often equal: by words, without a call.
[[gnu::always_inline]] inline bool equal_bytes(const char* a, const char* b, std::size_t n) noexcept {
  if (n < 8) return load_tail(a, n) == load_tail(b, n);
  const auto differ = [a, b](std::size_t i) { return load_word(a + i) ^ load_word(b + i); };
  std::uint64_t seen = differ(n - 8); // the last steps overlap the ones before
  if (n >= 32) {
    const std::size_t last = n - 32;
    for (std::size_t i = 0; i < last; i += 32)
      seen |= differ(i) | differ(i + 8) | differ(i + 16) | differ(i + 24);
    seen |= differ(last) | differ(last + 8) | differ(last + 16);
  } else {
    for (std::size_t i = 0; i + 8 < n; i += 8) seen |= differ(i);
  }
  return seen == 0;
}

} // namespace tenure::inline v1::detail

#endif
