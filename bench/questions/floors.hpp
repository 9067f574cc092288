// What the machine needs for the work alone, whoever does it.
#ifndef TENURE_BENCH_QUESTIONS_FLOORS_HPP
#define TENURE_BENCH_QUESTIONS_FLOORS_HPP

#include "../speed/suite.hpp"

#include <cstring>
#include <string>

namespace bench {

// A reference is taken; relaxed: only its cost is of interest.
inline void count_up(std::uint64_t& word) { __atomic_fetch_add(&word, 1, __ATOMIC_RELAXED); }
// And dropped; acq_rel: as a release of a reference has it.
inline void count_down(std::uint64_t& word) { __atomic_fetch_sub(&word, 1, __ATOMIC_ACQ_REL); }

// One locked addition and one locked subtraction: what an exact count that threads share cannot go below.
inline void locked_pair(benchmark::State& s) {
  static std::uint64_t word = 1; // each benchmark's threads share it
  for (auto _ : s) {
    count_up(word);
    count_down(word);
  }
  escape(word);
}

inline void plain_pair(benchmark::State& s) {
  std::uint64_t word = 1;
  for (auto _ : s) {
    ++word;
    benchmark::DoNotOptimize(word);
    --word;
    benchmark::DoNotOptimize(word);
  }
}

__extension__ using wide = unsigned __int128;

// Eight bytes at a time, one multiplication each: as fast as a hash of all bytes is.
inline std::uint64_t fast_hash(const char* text, std::size_t size) {
  std::uint64_t h = size;
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t part;
    std::memcpy(&part, text + i, sizeof part);
    const wide product = static_cast<wide>(h ^ part) * 0x9e37'79b9'7f4a'7c15U;
    h = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  }
  for (; i != size; ++i) h = (h ^ static_cast<unsigned char>(text[i])) * 0x100'0000'01b3U;
  return h;
}

// A name is hashed and compared; a reference is taken and dropped: an open, and a symbol that keeps its module.
inline body hash_compare_count(const std::string& text) {
  return [text, copy = text](benchmark::State& s) {
    std::uint64_t word = 1;
    for (auto _ : s) {
      const char* asked = text.data();
      benchmark::DoNotOptimize(asked);
      std::uint64_t h = fast_hash(asked, text.size());
      benchmark::DoNotOptimize(h);
      bool same = std::memcmp(asked, copy.data(), text.size()) == 0;
      benchmark::DoNotOptimize(same);
      count_up(word);
      count_down(word);
    }
    escape(word);
  };
}

} // namespace bench

#endif
