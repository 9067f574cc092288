// Processors: which one this process runs on, and what the formats call them.
#include "machine.hpp"

#include <array>
#include <bit>

namespace tenure::inline v1::image {
namespace {

struct processor {
  format kind;
  std::uint32_t number;
  std::string_view name;
};

constexpr std::array processors = {
    processor{format::elf, elf::machine_386, "x86"},
    processor{format::elf, elf::machine_x86_64, "x86-64"},
    processor{format::elf, elf::machine_arm, "ARM"},
    processor{format::elf, elf::machine_aarch64, "AArch64"},
    processor{format::elf, elf::machine_riscv, "RISC-V"},
    processor{format::elf, elf::machine_s390, "S/390"},
    processor{format::elf, elf::machine_ppc, "PowerPC"},
    processor{format::elf, elf::machine_ppc64, "PowerPC64"},
    processor{format::elf, elf::machine_mips, "MIPS"},
    processor{format::elf, elf::machine_sparc, "SPARC"},
    processor{format::elf, elf::machine_sparcv9, "SPARC V9"},
    processor{format::elf, elf::machine_68k, "m68k"},
    processor{format::elf, elf::machine_hppa, "PA-RISC"},
    processor{format::elf, elf::machine_sh, "SuperH"},
    processor{format::elf, elf::machine_ia64, "Itanium"},
    processor{format::elf, elf::machine_alpha, "Alpha"},
    processor{format::elf, elf::machine_loongarch, "LoongArch"},
    processor{format::elf, elf::machine_bpf, "BPF"},
    processor{format::pe, pe::machine_386, "x86"},
    processor{format::pe, pe::machine_x86_64, "x86-64"},
    processor{format::pe, pe::machine_armnt, "ARM"},
    processor{format::pe, pe::machine_arm64, "AArch64"},
    processor{format::pe, pe::machine_ia64, "Itanium"},
    processor{format::macho, macho::cpu_x86, "x86"},
    processor{format::macho, macho::cpu_x86_64, "x86-64"},
    processor{format::macho, macho::cpu_arm, "ARM"},
    processor{format::macho, macho::cpu_arm64, "AArch64"},
    processor{format::macho, macho::cpu_arm64_32, "AArch64 with 32-bit pointers"},
    processor{format::macho, macho::cpu_powerpc, "PowerPC"},
    processor{format::macho, macho::cpu_powerpc64, "PowerPC64"},
};

#if defined(_WIN32)
constexpr format own_format = format::pe;
#elif defined(__APPLE__)
constexpr format own_format = format::macho;
#else
constexpr format own_format = format::elf;
#endif

#if defined(__x86_64__) || defined(_M_X64)
constexpr std::string_view own_name = "x86-64";
#elif defined(__i386__) || defined(_M_IX86)
constexpr std::string_view own_name = "x86";
#elif defined(__aarch64__) || defined(_M_ARM64)
constexpr std::string_view own_name = "AArch64";
#elif defined(__arm__) || defined(_M_ARM)
constexpr std::string_view own_name = "ARM";
#elif defined(__riscv)
constexpr std::string_view own_name = "RISC-V";
#elif defined(__s390__)
constexpr std::string_view own_name = "S/390";
#elif defined(__powerpc64__)
constexpr std::string_view own_name = "PowerPC64";
#elif defined(__loongarch__)
constexpr std::string_view own_name = "LoongArch";
#elif defined(__mips__)
constexpr std::string_view own_name = "MIPS";
#else
constexpr std::string_view own_name = ""; // any machine passes
#endif

constexpr std::uint32_t own_machine() noexcept {
  for (const auto& each : processors)
    if (each.kind == own_format && each.name == own_name) return each.number;
  return 0;
}

} // namespace

target native() noexcept {
  constexpr auto order = std::endian::native == std::endian::big ? byte_order::big : byte_order::little;
  return {own_format, order, static_cast<std::uint8_t>(8 * sizeof(void*)), own_machine()};
}

std::string_view machine_name(format kind, std::uint32_t machine) noexcept {
  for (const auto& each : processors)
    if (each.kind == kind && each.number == machine) return each.name;
  return {};
}

} // namespace tenure::inline v1::image
