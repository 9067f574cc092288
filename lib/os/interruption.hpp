// What the system leaves on a stack when it stops code in the middle, to run a signal or exception handler.
#ifndef TENURE_LIB_OS_INTERRUPTION_HPP
#define TENURE_LIB_OS_INTERRUPTION_HPP

#include "call_site.hpp"

namespace tenure::inline v1::os {

// Where code was stopped.
struct interruption {
  std::uintptr_t pc = 0;
  std::uintptr_t sp = 0;
};

// Saved registers are recognised by one word that they always hold, the mark; the words around it must then
// make sense. That is one comparison per stack word, needs no unwinder, and finds nested and alternate-stack
// frames alike.
inline constexpr std::size_t words_before_mark = 4;
#if defined(_WIN32)
inline constexpr std::size_t words_behind_mark = 24;
#elif defined(TENURE_CALLS_S390X)
inline constexpr std::size_t words_behind_mark = 17;
#elif defined(TENURE_CALLS_RISCV64)
inline constexpr std::size_t words_behind_mark = 1;
#else
inline constexpr std::size_t words_behind_mark = 0;
#endif

struct mark_surroundings {
  std::uintptr_t words[words_before_mark + 1 + words_behind_mark];

  [[nodiscard]] TENURE_UNSANITIZED std::uintptr_t operator[](std::ptrdiff_t from_mark) const noexcept {
    return words[static_cast<std::ptrdiff_t>(words_before_mark) + from_mark];
  }
};

#if defined(TENURE_CALLS_X86)

// The flags that user code can have: bit 1 is always set, interrupts are on, and nothing lives above bit 21.
TENURE_UNSANITIZED inline bool plausible_x86_flags(std::uintptr_t flags) noexcept {
  return (flags & 0x202) == 0x202 && (flags & 0xFFFFFFFF) <= 0x3FFFFF;
}

#  if defined(_WIN32)

// CONTEXT: the mark is the quarter word SegCs, 0x38 bytes in; before it ContextFlags, behind it the rest.
class interruption_marks {
public:
  TENURE_UNSANITIZED bool operator()(std::uintptr_t word) const noexcept { return (word & 0xFFFF) == 0x33; }
};

TENURE_UNSANITIZED inline interruption interruption_at(const mark_surroundings& context) noexcept {
  constexpr std::uintptr_t is_amd64 = 0x00100000, has_control = 0x1;
  const bool plausible = (context[-1] & (is_amd64 | has_control)) == (is_amd64 | has_control) &&
                         plausible_x86_flags(context[1] >> 32);
  return plausible ? interruption{context[24], context[12]} : interruption{};
}

#  elif defined(__x86_64__)

// Linux, struct sigcontext: rsp, rip, eflags, then cs with gs and fs (stored as zero) and ss (zero before
// Linux 4.6).
class interruption_marks {
public:
  TENURE_UNSANITIZED interruption_marks() noexcept {
    std::uint32_t segment; // 0x33, but not under every hypervisor
    __asm__("mov %%cs, %0" : "=r"(segment));
    shifted_segment_ = std::uintptr_t{segment} << 16;
  }
  TENURE_UNSANITIZED bool operator()(std::uintptr_t word) const noexcept {
    return word << 16 == shifted_segment_;
  }

private:
  std::uintptr_t shifted_segment_; // the upper 16 bits, ss, are shifted out
};

TENURE_UNSANITIZED inline interruption interruption_at(const mark_surroundings& context) noexcept {
  return plausible_x86_flags(context[-1]) ? interruption{context[-2], context[-3]} : interruption{};
}

#  else

// Linux on i386, struct sigcontext: ..., ip, cs, flags, sp, ss. The mark is ss.
class interruption_marks {
public:
  TENURE_UNSANITIZED interruption_marks() noexcept { __asm__("mov %%ss, %0" : "=r"(segment_)); }
  TENURE_UNSANITIZED bool operator()(std::uintptr_t word) const noexcept { return word == segment_; }

private:
  std::uint32_t segment_;
};

TENURE_UNSANITIZED inline interruption interruption_at(const mark_surroundings& context) noexcept {
  const bool plausible = plausible_x86_flags(context[-2]) && context[-3] < 0x10000;
  return plausible ? interruption{context[-4], context[-1]} : interruption{};
}

#  endif

#elif defined(TENURE_CALLS_AARCH64)

// Linux, struct sigcontext: sp, pc, pstate, padding, then the first record, which is the floating point one:
// its magic number and its size are the mark.
class interruption_marks {
public:
  TENURE_UNSANITIZED bool operator()(std::uintptr_t word) const noexcept { return word == mark; }

private:
  static constexpr std::uintptr_t magic = 0x46508001, size = 528;
  static constexpr bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
  static constexpr std::uintptr_t mark = little ? size << 32 | magic : magic << 32 | size;
};

TENURE_UNSANITIZED inline interruption interruption_at(const mark_surroundings& context) noexcept {
  const bool plausible = (context[-2] & 0x1F) == 0 && context[-3] % 4 == 0; // user mode, 64 bit
  return plausible ? interruption{context[-3], context[-4]} : interruption{};
}

#elif defined(TENURE_CALLS_S390X)

// Linux, _sigregs: the mark is the mask of the program status word: 64-bit addresses, and nothing below the
// two bits that say so. Then follow its address and the sixteen general registers, of which the last is the
// stack pointer.
class interruption_marks {
public:
  TENURE_UNSANITIZED bool operator()(std::uintptr_t word) const noexcept {
    constexpr std::uintptr_t lower_half = 0x1FFFFFFFF, addresses_of_64_bits = 0x180000000;
    return (word & lower_half) == addresses_of_64_bits;
  }
};

TENURE_UNSANITIZED inline interruption interruption_at(const mark_surroundings& context) noexcept {
  const bool plausible = context[1] % 2 == 0 && context[17] % 8 == 0;
  return plausible ? interruption{context[1], context[17]} : interruption{};
}

#elif defined(TENURE_CALLS_RISCV64)

// Linux, struct sigcontext: pc, ra, sp, gp, tp. gp is one value in all of the process, tp in all of the
// thread: the mark is gp, and tp stands behind it.
class interruption_marks {
public:
  TENURE_UNSANITIZED interruption_marks() noexcept { __asm__("mv %0, gp" : "=r"(global_pointer_)); }
  TENURE_UNSANITIZED bool operator()(std::uintptr_t word) const noexcept { return word == global_pointer_; }

private:
  std::uintptr_t global_pointer_;
};

TENURE_UNSANITIZED inline interruption interruption_at(const mark_surroundings& context) noexcept {
  std::uintptr_t thread_pointer;
  __asm__("mv %0, tp" : "=r"(thread_pointer));
  const bool plausible = context[1] == thread_pointer && context[-3] % 2 == 0;
  return plausible ? interruption{context[-3], context[-1]} : interruption{};
}

#else

// Unknown here; call_site.hpp counts every word instead.
class interruption_marks {
public:
  constexpr bool operator()(std::uintptr_t) const noexcept { return false; }
};

inline interruption interruption_at(const mark_surroundings&) noexcept { return {}; }

#endif

} // namespace tenure::inline v1::os

#endif
