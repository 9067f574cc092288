#include "word_filter.hpp"

#include <cstring>
#if defined(__x86_64__)
#  include <cpuid.h>
#endif

namespace tenure::inline v1::os {

struct word_filter_steps {
  typedef std::uintptr_t lanes __attribute__((vector_size(32)));
  static constexpr std::size_t lane_count = sizeof(lanes) / sizeof(std::uintptr_t);

  // Inlined into one function per instruction set.
  template <bool Mangled>
  [[gnu::always_inline]] static bool any_near(const word_filter& f, const std::uintptr_t* words) noexcept {
    constexpr unsigned right = pointer_mangling::rotation, left = pointer_mangling::word_bits - right;
    const std::uintptr_t begin = f.wanted_.begin, secret = f.mangling_.secret;
    const unsigned shift = f.shift_;
    lanes near{};
    for (std::size_t i = 0; i != word_filter::group; i += lane_count) {
      lanes v;
      std::memcpy(&v, words + i, sizeof v);
      near |= reinterpret_cast<lanes>((v - begin) >> shift == 0);
      if (Mangled)
        near |= reinterpret_cast<lanes>((((v >> right | v << left) ^ secret) - begin) >> shift == 0);
    }
    std::uintptr_t any = 0;
    for (std::size_t i = 0; i != lane_count; ++i) any |= near[i];
    return any != 0;
  }

  template <bool Mangled>
  [[gnu::always_inline]] static std::size_t skip_groups(const word_filter& f, const std::uintptr_t* words,
                                                        std::size_t at, std::size_t count) noexcept {
    while (count - at >= word_filter::group && !any_near<Mangled>(f, words + at)) at += word_filter::group;
    return at;
  }

  [[gnu::always_inline]] static std::size_t skip_any(const word_filter& f, const std::uintptr_t* words,
                                                     std::size_t at, std::size_t count) noexcept {
    return f.mangling_.known ? skip_groups<true>(f, words, at, count)
                             : skip_groups<false>(f, words, at, count);
  }

  static std::size_t skip(const word_filter& f, const std::uintptr_t* words, std::size_t at,
                          std::size_t count) noexcept {
    return skip_any(f, words, at, count);
  }

#if defined(__x86_64__)
  // Five times as fast: SSE2 compares no words of 64 bits.
  [[gnu::target("avx2")]] static std::size_t skip_avx2(const word_filter& f, const std::uintptr_t* words,
                                                       std::size_t at, std::size_t count) noexcept {
    return skip_any(f, words, at, count);
  }

  // As __builtin_cpu_supports, which puts a static initialiser into each program that the library is linked into.
  static bool has_avx2() noexcept {
    constexpr unsigned osxsave = 1u << 27, avx = 1u << 28, avx2 = 1u << 5, saved_registers = 6;
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & (osxsave | avx)) != (osxsave | avx)) return false;
    __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    if ((a & saved_registers) != saved_registers) return false; // the system does not keep vector registers
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & avx2) != 0;
  }
#endif

  static word_filter::skip_function* best() noexcept {
#if defined(__x86_64__)
    static const bool fast = has_avx2(); // a virtual machine takes microseconds to answer
    if (fast) return skip_avx2;
#endif
    return skip;
  }
};

word_filter::word_filter(address_range wanted, pointer_mangling mangling) noexcept
    : wanted_(wanted)
    , mangling_(mangling)
    , skip_(word_filter_steps::best()) {
  while (shift_ != pointer_mangling::word_bits - 1 && (wanted.size() - 1) >> shift_ != 0) ++shift_;
}

} // namespace tenure::inline v1::os
