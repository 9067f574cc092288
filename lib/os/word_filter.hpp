// Finds the words of a block that point into a range, several gigabytes a second.
#ifndef TENURE_LIB_OS_WORD_FILTER_HPP
#define TENURE_LIB_OS_WORD_FILTER_HPP

#include "mapped_image.hpp"

#include <climits>
#include <cstddef>
#include <cstdint>

namespace tenure::inline v1::os {

// How the C library hides the function pointers that it calls at the exit: glibc exclusive-ors a secret and
// rotates.
struct pointer_mangling {
  std::uintptr_t secret = 0;
  bool known = false;

  static constexpr unsigned rotation = 2 * sizeof(void*) + 1; // glibc on x86
  static constexpr unsigned word_bits = sizeof(std::uintptr_t) * CHAR_BIT;

  static pointer_mangling of_this_thread() noexcept {
    pointer_mangling result;
#if defined(__GLIBC__) && defined(__x86_64__) && defined(__LP64__)
    asm("mov %%fs:0x30, %0" : "=r"(result.secret));
    result.known = true;
#elif defined(__GLIBC__) && defined(__i386__)
    asm("mov %%gs:0x18, %0" : "=r"(result.secret));
    result.known = true;
#endif
    return result;
  }
  [[nodiscard]] constexpr std::uintptr_t reveal(std::uintptr_t word) const noexcept {
    return (word >> rotation | word << (word_bits - rotation)) ^ secret;
  }
};

// Two steps: groups of words against the range rounded up to a power of two, which takes no branch and
// compiles to vector instructions; then, in the few groups that have one, each word against the range itself.
class word_filter {
public:
  static constexpr std::size_t group = 64; // words

  word_filter(address_range wanted, pointer_mangling mangling) noexcept;

  // Calls found(index, value, mangled) for each; `value` is the pointer, revealed if it was mangled.
  template <typename Found>
  void run(const std::uintptr_t* words, std::size_t count, Found&& found) const noexcept {
    for (std::size_t i = 0; i != count;) {
      i = skip_(*this, words, i, count);
      const std::size_t end = count - i < group ? count : i + group;
      for (; i != end; ++i) look_at(words[i], i, found);
    }
  }

private:
  friend struct word_filter_steps;
  // The first group from `at` on that may have one, or where less than a group is left.
  using skip_function = std::size_t(const word_filter&, const std::uintptr_t*, std::size_t at,
                                    std::size_t count) noexcept;

  template <typename Found>
  void look_at(std::uintptr_t word, std::size_t index, Found& found) const noexcept {
    if (wanted_.contains(word)) found(index, word, false);
    if (!mangling_.known) return;
    const std::uintptr_t revealed = mangling_.reveal(word);
    if (wanted_.contains(revealed)) found(index, revealed, true);
  }

  address_range wanted_;
  pointer_mangling mangling_;
  unsigned shift_ = 0;
  skip_function* skip_;
};

} // namespace tenure::inline v1::os

#endif
