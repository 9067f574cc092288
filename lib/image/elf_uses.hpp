// ELF: what a library's relocations refer to: symbols by name, and thread-local variables by their model.
#ifndef TENURE_LIB_IMAGE_ELF_USES_HPP
#define TENURE_LIB_IMAGE_ELF_USES_HPP

#include "elf_relocations.hpp"

namespace tenure::inline v1::image::elf {

/// What a relocation writes for a thread-local variable.
enum class tls_use : std::uint8_t {
  none,
  module,     ///< the number of its library, for __tls_get_addr
  descriptor, ///< a function that finds it
  offset,     ///< its distance from the thread's pointer, which must therefore be fixed
};

/// Told each relocation with a symbol or a use of thread-local storage.
struct use_sink {
  void* context = nullptr;
  void (*take)(void* context, const relocation& each, tls_use use) = nullptr;
};

/// False where relocations are packed in a way that we do not read.
bool can_read_uses(const tables&) noexcept;

/// Nothing, without a finding, where `can_read_uses` says no.
finding read_relocation_uses(tables&, use_sink);

} // namespace tenure::inline v1::image::elf

#endif
