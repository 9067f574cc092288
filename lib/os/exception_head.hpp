// What the C++ runtime keeps with every exception.
#ifndef TENURE_LIB_OS_EXCEPTION_HEAD_HPP
#define TENURE_LIB_OS_EXCEPTION_HEAD_HPP

#include "unsanitized.hpp"

#include <cstddef>
#include <cstdint>

#if defined(__GNUC__) // the Itanium C++ ABI, which GCC and clang follow everywhere, MinGW included
#  define TENURE_ITANIUM_EXCEPTIONS 1
#  include <unwind.h>

namespace tenure::inline v1::os {

// What precedes every thrown object: the Itanium C++ ABI, part II, 2.2.1
// (https://itanium-cxx-abi.github.io/cxx-abi/). libstdc++ and libc++abi add members in front of it only, and
// on 32 bit into the padding.
struct exception_head {
  std::uintptr_t type; // its type_info; of a dependent exception in libstdc++: the object that it shares
  std::uintptr_t destructor; // null for a trivial one
  void* unexpected_handler;
  void* terminate_handler;
  exception_head* next_caught;
  int handler_count;
#  if defined(__ARM_EABI_UNWINDER__)
  exception_head* next_propagating;
  int propagation_count;
#  else
  int handler_switch_value;
  const unsigned char* action_record;
  const unsigned char* language_data;
  void* catch_temporary;
  void* adjusted_object;
#  endif
  _Unwind_Exception unwind;
};

// Who threw it, from the eight letters of its class. A foreign one (Rust, Go) has only the last member of the
// head.
enum class exception_origin : std::uint8_t { foreign, gnu, gnu_dependent, llvm };

TENURE_UNSANITIZED inline exception_origin origin_of(const _Unwind_Exception& unwind) noexcept {
  std::uint64_t letters = 0;
#  if defined(__ARM_EABI_UNWINDER__)
  for (const char letter : unwind.exception_class)
    letters = letters << 8 | static_cast<unsigned char>(letter);
#  else
  letters = unwind.exception_class;
#  endif
  constexpr std::uint64_t gnu = 0x474E5543432B2B00, llvm = 0x434C4E47432B2B00; // "GNUCC++\0" and "CLNGC++\0"
  if (letters == gnu) return exception_origin::gnu;
  if (letters == gnu + 1) return exception_origin::gnu_dependent;
  return (letters & ~std::uint64_t{1}) == llvm ? exception_origin::llvm : exception_origin::foreign;
}

} // namespace tenure::inline v1::os

#endif

#endif
