// The numbers that the three formats give to processors (ELF: e_machine; PE: Machine; Mach-O: cputype).
#ifndef TENURE_LIB_IMAGE_MACHINE_HPP
#define TENURE_LIB_IMAGE_MACHINE_HPP

#include "image.hpp"

namespace tenure::inline v1::image {

/// How `finding::found` tells a foreign machine: the number, the format, and the bits if they are foreign
/// too.
constexpr std::uint64_t foreign_machine_value(format kind, std::uint64_t bits,
                                              std::uint32_t machine) noexcept {
  return bits << 40 | static_cast<std::uint64_t>(kind) << 32 | machine;
}

namespace elf {
inline constexpr std::uint16_t machine_sparc = 2;
inline constexpr std::uint16_t machine_386 = 3;
inline constexpr std::uint16_t machine_68k = 4;
inline constexpr std::uint16_t machine_mips = 8;
inline constexpr std::uint16_t machine_hppa = 15;
inline constexpr std::uint16_t machine_ppc = 20;
inline constexpr std::uint16_t machine_ppc64 = 21;
inline constexpr std::uint16_t machine_s390 = 22;
inline constexpr std::uint16_t machine_arm = 40;
inline constexpr std::uint16_t machine_sh = 42;
inline constexpr std::uint16_t machine_sparcv9 = 43;
inline constexpr std::uint16_t machine_ia64 = 50;
inline constexpr std::uint16_t machine_x86_64 = 62;
inline constexpr std::uint16_t machine_aarch64 = 183;
inline constexpr std::uint16_t machine_riscv = 243;
inline constexpr std::uint16_t machine_bpf = 247;
inline constexpr std::uint16_t machine_loongarch = 258;
inline constexpr std::uint16_t machine_alpha = 0x9026;
} // namespace elf

namespace pe {
inline constexpr std::uint16_t machine_386 = 0x14c;
inline constexpr std::uint16_t machine_armnt = 0x1c4;
inline constexpr std::uint16_t machine_ia64 = 0x200;
inline constexpr std::uint16_t machine_x86_64 = 0x8664;
inline constexpr std::uint16_t machine_arm64 = 0xaa64;
} // namespace pe

namespace macho {
inline constexpr std::uint32_t cpu_64_bit = 0x01000000;    // CPU_ARCH_ABI64
inline constexpr std::uint32_t cpu_64_bit_32 = 0x02000000; // CPU_ARCH_ABI64_32
inline constexpr std::uint32_t cpu_x86 = 7;
inline constexpr std::uint32_t cpu_arm = 12;
inline constexpr std::uint32_t cpu_powerpc = 18;
inline constexpr std::uint32_t cpu_x86_64 = cpu_x86 | cpu_64_bit;
inline constexpr std::uint32_t cpu_arm64 = cpu_arm | cpu_64_bit;
inline constexpr std::uint32_t cpu_arm64_32 = cpu_arm | cpu_64_bit_32;
inline constexpr std::uint32_t cpu_powerpc64 = cpu_powerpc | cpu_64_bit;
} // namespace macho

} // namespace tenure::inline v1::image

#endif
