// Findings in words: what the file is, what is wrong with it, where, and what to do about it.
#include "image.hpp"

#include <array>

namespace tenure::inline v1::image {
namespace {

std::string hexadecimal(std::uint64_t value) {
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdef"[value & 0xf]);
    value >>= 4;
  } while (value != 0);
  return "0x" + digits;
}

std::string decimal(std::uint64_t value) { return std::to_string(value); }

constexpr std::array<std::string_view, 31> part_names = {
    "the file",
    "the file header",
    "the program headers",
    "a segment",
    "the dynamic segment",
    "the thread-local segment",
    "the read-only-after-relocation segment",
    "a note segment",
    "the section headers",
    "a section",
    "the dynamic section",
    "the dynamic string table",
    "the symbol table",
    "the hash table",
    "the GNU hash table",
    "the symbols' version indices",
    "the version definitions",
    "the needed versions",
    "the relocations",
    "the initialiser or finaliser",
    "the array of initialisers or finalisers",
    "the DOS header",
    "the optional header",
    "a data directory",
    "the export directory",
    "the import directory",
    "the thread-local storage directory",
    "the base relocations",
    "the universal header",
    "a load command",
    "the link-edit data",
};
static_assert(part_names.size() == static_cast<std::size_t>(part::link_edit_data) + 1);

std::string name_of(part where) { return std::string(part_names[static_cast<std::size_t>(where)]); }

std::string format_name(std::uint64_t kind) {
  switch (static_cast<format>(kind)) {
  case format::elf:
    return "ELF (Linux, BSD)";
  case format::pe:
    return "PE (Windows)";
  case format::macho:
    return "Mach-O (Apple)";
  case format::unknown:
    break;
  }
  return "unknown";
}

std::string order_name(std::uint64_t order) {
  return static_cast<byte_order>(order) == byte_order::big ? "big-endian" : "little-endian";
}

std::string processor_name(format kind, std::uint64_t number) {
  const auto name = machine_name(kind, static_cast<std::uint32_t>(number));
  return name.empty() ? "processor number " + decimal(number) : std::string(name);
}

std::string foreign_machine(const finding& it) {
  const auto kind = static_cast<format>(it.found >> 32 & 0xff);
  const auto bits = it.found >> 40;
  return "built for " + processor_name(kind, it.found & 0xffffffff) +
         (bits != 0 ? " (" + decimal(bits) + "-bit)" : "") + ", but this process is " +
         processor_name(kind, it.expected);
}

std::string not_a_library(std::string_view is) { return "not a shared library: " + std::string(is); }

// What the file is instead of a library for this process; empty for damage.
std::string describe_kind(const finding& it) {
  switch (it.what) {
  case cause::empty:
    return not_a_library("the file is empty");
  case cause::zeros:
    return not_a_library("nothing but zero bytes; perhaps it was never written to the disk");
  case cause::text:
    return not_a_library("a text file");
  case cause::linker_script:
    return not_a_library("a linker script, which is text for the linker; load the library that it names");
  case cause::script:
    return not_a_library("a script, which begins with #!");
  case cause::git_lfs_pointer:
    return not_a_library("a Git LFS pointer; fetch the file with git lfs pull");
  case cause::static_archive:
    return not_a_library("a static archive (ar), which can only be linked");
  case cause::llvm_bitcode:
    return not_a_library("LLVM bitcode, which is not compiled yet");
  case cause::webassembly:
    return not_a_library("a WebAssembly module");
  case cause::java_class:
    return not_a_library("a Java class");
  case cause::compressed:
    return not_a_library("a compressed file; unpack it first");
  case cause::unknown_format:
    return not_a_library("neither ELF nor PE nor Mach-O, its first bytes are " + hexadecimal(it.found));
  case cause::foreign_format:
    return "a " + format_name(it.found) + " file, but this process loads " + format_name(it.expected);
  case cause::relocatable_object:
    return not_a_library("a relocatable object file; link it with -shared");
  case cause::executable:
    return not_a_library("an executable");
  case cause::position_independent_executable:
    return not_a_library("a position-independent executable; link it with -shared instead of -pie");
  case cause::core_file:
    return not_a_library("a core file");
  case cause::debug_companion:
    return not_a_library("debug information that was split off a library; load the library itself");
  case cause::other_file_type:
    return not_a_library("its file type is " + decimal(it.found));
  default:
    return {};
  }
}

std::string describe_foreign(const finding& it) {
  switch (it.what) {
  case cause::foreign_class:
    return "a " + decimal(it.found) + "-bit library, but this process has " + decimal(it.expected) + " bits";
  case cause::foreign_byte_order:
    return "a " + order_name(it.found) + " library, but this process is " + order_name(it.expected);
  case cause::foreign_machine:
    return foreign_machine(it);
  case cause::unreadable:
    return "cannot be read: " + decimal(it.found) + " of " + decimal(it.expected) +
           " bytes came from offset " + hexadecimal(it.offset);
  case cause::out_of_memory:
    return "cannot be checked: no memory for " + decimal(it.expected) + " bytes";
  default:
    return {};
  }
}

std::string describe_truncation(const finding& it) {
  return "cut off: " + name_of(it.where) + " ends at byte " + decimal(it.found) + ", but there are only " +
         decimal(it.expected);
}

// The rest of a sentence that begins with the part's name.
std::string describe_damage(const finding& it) {
  const auto found = hexadecimal(it.found), expected = hexadecimal(it.expected);
  switch (it.what) {
  case cause::bad_value:
    return " has " + found + " where " + expected + " should be";
  case cause::out_of_range:
    return " has " + found + ", which must be less than " + expected;
  case cause::not_mapped:
    return " leads to " + found + ", where the file has no " + decimal(it.expected) + " bytes";
  case cause::not_code:
    return " leads to " + found + ", which should be code and is not";
  case cause::not_writable:
    return " wants to write " + found + ", which is not writable";
  case cause::misaligned:
    return " has " + found + ", which does not fit the alignment " + expected;
  case cause::overlapping:
    return " begins at " + found + ", before the end of its predecessor at " + expected;
  case cause::duplicate:
    return " has " + found + " twice";
  case cause::missing:
    return " lacks the entry " + expected;
  case cause::unterminated:
    return " has no end";
  case cause::contradiction:
    return " says " + found + " where another place says " + expected;
  case cause::too_many:
    return " has " + decimal(it.found) + " entries, more than the " + decimal(it.expected) + " supported";
  default:
    return " is not as it should be";
  }
}

} // namespace

std::string describe(const finding& it) {
  if (!it) return "nothing is wrong with it";
  if (it.what == cause::truncated) return describe_truncation(it);
  for (const auto in_words : {describe_kind, describe_foreign})
    if (auto sentence = in_words(it); !sentence.empty()) return sentence;
  return "damaged at offset " + hexadecimal(it.offset) + ": " + name_of(it.where) + describe_damage(it);
}

} // namespace tenure::inline v1::image
