// A fast 64-bit hash of a path: blocks of 16 bytes are weighed lane by lane and added, and a 128-bit product
// mixes the sum. Not for hostile keys: a collision costs one comparison more, never a wrong answer, since every
// hit is compared in full.
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

// A block of 16 bytes, in a vector register where there is one.
using block = std::uint16_t __attribute__((vector_size(16)));
inline constexpr std::size_t block_size = sizeof(block);

inline block load_block(const char* p) noexcept {
  block b;
  std::memcpy(&b, p, sizeof b);
  return b;
}
struct block_words {
  std::uint64_t first, second;
};
inline block_words words_of(block b) noexcept {
  block_words words;
  std::memcpy(&words, &b, sizeof words);
  return words;
}

// Calls visit(where, number) for blocks that together are all `n` bytes; the last ones overlap those before.
// Most paths are of 17 to 64 bytes: no loop. Pre: n >= block_size.
template <class Visit>
[[gnu::always_inline]] inline void for_each_block(std::size_t n, Visit&& visit) noexcept {
  const std::size_t last = n - block_size;
  if (n <= 4 * block_size) {
    visit(0, 0);
    if (n > 2 * block_size) visit(block_size, 1), visit(last - block_size, 2);
  } else {
    for (std::size_t at = 0; at < last; at += block_size) visit(at, at / block_size % 2);
  }
  visit(last, 3);
}

// Odd constants with about as many ones as zeros; any such do.
inline constexpr std::uint64_t hash_key[] = {0x9e37'79b9'7f4a'7c15u, 0xc2b2'ae3d'27d4'eb4fu};
inline constexpr block block_key[] = {{0x9e37, 0x79b9, 0x7f4b, 0x7c15, 0xc2b3, 0xae3d, 0x27d5, 0xeb4f},
                                      {0x85eb, 0xca6b, 0x1b87, 0x3593, 0xcc9f, 0x2d51, 0xe655, 0x6b65},
                                      {0xd6e9, 0xfeb9, 0x6659, 0xfd93, 0xa0cf, 0x7195, 0x589d, 0x1b3d},
                                      {0xb499, 0x5f35, 0x94d1, 0x49bb, 0xbf59, 0x476d, 0x1ce5, 0xe5b9}};

inline std::uint64_t hash_bytes(const char* p, std::size_t n) noexcept {
  block_words words{};
  if (n >= block_size) {
    block sum{};
    for_each_block(
        n, [&](std::size_t at, std::size_t number) { sum += load_block(p + at) * block_key[number]; });
    words = words_of(sum);
  } else {
    const bool whole = n >= 8;
    words = {whole ? load_word(p) : load_tail(p, n), whole ? load_word(p + n - 8) : 0};
  }
  return fold(multiply(words.first ^ hash_key[0] ^ n, words.second ^ hash_key[1])) |
         1; // 0 marks an empty place
}
inline std::uint64_t hash_bytes(std::string_view text) noexcept {
  return hash_bytes(text.data(), text.size());
}

// Two numbers that identify something, such as a volume and a file.
inline std::uint64_t hash_pair(std::uint64_t a, std::uint64_t b) noexcept {
  return fold(multiply(a ^ hash_key[0], b ^ hash_key[1])) | 1;
}

// Whether two texts of one length are equal: most often they are, and without a call.
[[gnu::always_inline]] inline bool equal_bytes(const char* a, const char* b, std::size_t n) noexcept {
  if (n < 8) return load_tail(a, n) == load_tail(b, n);
  if (n < block_size) return load_word(a) == load_word(b) && load_word(a + n - 8) == load_word(b + n - 8);
  block differences{};
  for_each_block(
      n, [&](std::size_t at, std::size_t) { differences |= load_block(a + at) ^ load_block(b + at); });
  const block_words words = words_of(differences);
  return (words.first | words.second) == 0;
}

} // namespace tenure::inline v1::detail

#endif
