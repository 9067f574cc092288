// Tells a return address from any other number that happens to point into code: a call stands right before
// it.
#ifndef TENURE_LIB_OS_CALL_SITE_HPP
#define TENURE_LIB_OS_CALL_SITE_HPP

#include "careful_reader.hpp"
#include "mapped_image.hpp"
#include "unsanitized.hpp"

#include <initializer_list>

// The filter needs two kinds of knowledge: how calls look, and how signal frames look (for an interrupted pc
// follows no call). Where either is missing, every word that points into code counts: nothing is missed, more
// is deferred.
#if defined(__x86_64__) && !defined(__ILP32__) && (defined(__linux__) || defined(_WIN32))
#  define TENURE_CALLS_X86 1
#elif defined(_M_X64) || (defined(__i386__) && defined(__linux__))
#  define TENURE_CALLS_X86 1
#elif defined(__aarch64__) && defined(__linux__) && !defined(__ILP32__)
#  define TENURE_CALLS_AARCH64 1
#elif defined(__s390x__) && defined(__linux__)
#  define TENURE_CALLS_S390X 1
#elif defined(__riscv) && __riscv_xlen == 64 && defined(__linux__)
#  define TENURE_CALLS_RISCV64 1
#endif

namespace tenure::inline v1::os {

// Instruction bytes that end at a return address, and never any from before the code's begin.
class bytes_before {
public:
  static constexpr std::size_t longest_call = 8; // at least, and whole instructions of each processor

  // Pre: the code is mapped, and stays so meanwhile.
  TENURE_UNSANITIZED bytes_before(std::uintptr_t address, const address_range& code) noexcept
      : available_(within(address, code)) {
    const auto* const first = reinterpret_cast<const unsigned char*>(address - available_);
    for (std::size_t i = 0; i != available_; ++i) bytes_[i] = first[i];
  }

  // Where somebody may unmap it at any time: then there are none.
  TENURE_UNSANITIZED bytes_before(std::uintptr_t address, const address_range& code,
                                  careful_reader& reader) noexcept
      : available_(within(address, code)) {
    if (!reader.read(address - available_, bytes_, available_)) available_ = 0;
  }

  // The byte `distance` before the address.
  TENURE_UNSANITIZED unsigned operator[](std::size_t distance) const noexcept {
    return bytes_[available_ - distance];
  }
  TENURE_UNSANITIZED bool have(std::size_t count) const noexcept { return available_ >= count; }

private:
  TENURE_UNSANITIZED static std::size_t within(std::uintptr_t address, const address_range& code) noexcept {
    return address - code.begin < longest_call ? address - code.begin : longest_call;
  }

  unsigned char bytes_[longest_call]{};
  std::size_t available_;
};

// x86: FF /2 (call through register or memory) whose operand bytes take `length` - 1 bytes, and 2 <= length
// <= 7. FF /3, a far call, is left out: nothing a compiler makes for user code uses it.
TENURE_UNSANITIZED inline bool x86_indirect_call(const bytes_before& code, std::size_t length) noexcept {
  if (!code.have(length) || code[length] != 0xFF) return false;
  const unsigned modrm = code[length - 1];
  if ((modrm >> 3 & 7) != 2) return false;
  const unsigned mode = modrm >> 6;
  const bool has_sib = mode != 3 && (modrm & 7) == 4;
  const bool bare_displacement =
      mode == 0 && ((modrm & 7) == 5 || (has_sib && length > 2 && (code[length - 2] & 7) == 5));
  constexpr std::size_t displacement[] = {0, 1, 4, 0};
  return length == 2 + (has_sib ? 1U : 0U) + (bare_displacement ? 4 : displacement[mode]);
}

// x86: E8 rel32, or any length of FF /2. Prefixes stand further ahead and do not matter.
TENURE_UNSANITIZED inline bool follows_x86_call(const bytes_before& code) noexcept {
  if (code.have(5) && code[5] == 0xE8) return true;
  for (const std::size_t length : {2U, 3U, 4U, 6U, 7U})
    if (x86_indirect_call(code, length)) return true;
  return false;
}

// aarch64: BL, or BLR in its plain and in its four authenticating forms (BLRAA, BLRAB, BLRAAZ, BLRABZ).
TENURE_UNSANITIZED inline bool follows_aarch64_call(const bytes_before& code) noexcept {
  if (!code.have(4)) return false;
  const std::uint32_t instruction = code[4] | code[3] << 8 | code[2] << 16 | code[1] << 24;
  return (instruction & 0xFC000000U) == 0x94000000U || (instruction & 0xFEFFF000U) == 0xD63F0000U;
}

// s390x: BRASL, BRAS, BAS or BASR, with any register for the return address.
TENURE_UNSANITIZED inline bool follows_s390x_call(const bytes_before& code) noexcept {
  if (code.have(6) && code[6] == 0xC0 && (code[5] & 0xF) == 5) return true;
  if (code.have(4) && ((code[4] == 0xA7 && (code[3] & 0xF) == 5) || code[4] == 0x4D)) return true;
  return code.have(2) && code[2] == 0x0D && (code[1] & 0xF) != 0; // to register 0 is no call
}

// riscv64: JAL or JALR that leave the return address in ra, or C.JALR.
TENURE_UNSANITIZED inline bool follows_riscv_call(const bytes_before& code) noexcept {
  if (code.have(2)) {
    const unsigned half = code[2] | code[1] << 8;
    if ((half & 0xF07F) == 0x9002 && (half & 0xF80) != 0) return true;
  }
  if (!code.have(4)) return false;
  const unsigned low = (code[4] | code[3] << 8) & 0xFFF;
  return low == 0x0EF || low == 0x0E7;
}

// It cannot be the begin, but may equal the end: a call that never returns can be the code's last
// instruction.
TENURE_UNSANITIZED inline bool may_be_returned_to(std::uintptr_t address,
                                                  const address_range& code) noexcept {
#if defined(TENURE_CALLS_AARCH64)
  constexpr std::uintptr_t step = 4;
#elif defined(TENURE_CALLS_S390X)
  constexpr std::uintptr_t step = 2;
#else
  constexpr std::uintptr_t step = 1;
#endif
  return address - 1 - code.begin < code.end - code.begin && address % step == 0;
}

TENURE_UNSANITIZED inline bool is_call([[maybe_unused]] const bytes_before& code) noexcept {
#if defined(TENURE_CALLS_X86)
  return follows_x86_call(code);
#elif defined(TENURE_CALLS_AARCH64)
  return follows_aarch64_call(code);
#elif defined(TENURE_CALLS_S390X)
  return follows_s390x_call(code);
#elif defined(TENURE_CALLS_RISCV64)
  return follows_riscv_call(code);
#else
  return true;
#endif
}

// True if `address` may be a return address into `code`. Pre: as bytes_before.
TENURE_UNSANITIZED inline bool follows_call(std::uintptr_t address, const address_range& code) noexcept {
  return may_be_returned_to(address, code) && is_call(bytes_before(address, code));
}
TENURE_UNSANITIZED inline bool follows_call(std::uintptr_t address, const address_range& code,
                                            careful_reader& reader) noexcept {
  return may_be_returned_to(address, code) && is_call(bytes_before(address, code, reader));
}

#if defined(TENURE_CALLS_X86) || defined(TENURE_CALLS_AARCH64) || defined(TENURE_CALLS_S390X) ||             \
    defined(TENURE_CALLS_RISCV64)
inline constexpr bool calls_are_recognised = true;
#else
inline constexpr bool calls_are_recognised = false;
#endif

#if defined(__aarch64__)
// Bits of an address that hold it on every kernel; above them pointer authentication may have put a
// signature. The smallest address space that Linux offers on aarch64 has 36 bits.
inline constexpr std::uintptr_t unsigned_address_bits = (std::uintptr_t{1} << 36) - 1;

// Takes a signature off. A hint instruction: it does nothing where the processor has no pointer
// authentication.
TENURE_UNSANITIZED inline std::uintptr_t without_signature(std::uintptr_t word) noexcept {
  register std::uintptr_t link __asm__("x30") = word;
  __asm__("hint #7 // xpaclri" : "+r"(link));
  return link;
}
#else
inline constexpr std::uintptr_t unsigned_address_bits = ~std::uintptr_t{0};
TENURE_UNSANITIZED inline std::uintptr_t without_signature(std::uintptr_t word) noexcept { return word; }
#endif

} // namespace tenure::inline v1::os

#endif
