// The few hooks that the C and C++ runtimes tell for a nanosecond each: asked at every level of the departure
// check.
#ifndef TENURE_LIB_OS_RUNTIME_HOOKS_HPP
#define TENURE_LIB_OS_RUNTIME_HOOKS_HPP

#include "mapped_image.hpp"

#include <cstdio>
#include <exception>
#include <new>

namespace tenure::inline v1::os {

struct hook_finding {
  const char* what = nullptr; // "the terminate handler"
  std::uintptr_t address = 0; // in the image

  [[nodiscard]] explicit operator bool() const noexcept { return what != nullptr; }
};

// Where glibc keeps a stream's buffer; elsewhere it cannot be told.
inline const void* buffer_of([[maybe_unused]] const std::FILE* stream) noexcept {
#if defined(__GLIBC__)
  return stream->_IO_buf_base; // NOLINT: the structure is public so that macros could use it
#else
  return nullptr;
#endif
}

// pre: the image is still mapped. Takes no lock: a hook that changes meanwhile is seen or not.
inline hook_finding scan_runtime_hooks(const mapped_image& image) noexcept {
  const struct {
    const char* what;
    std::uintptr_t address;
  } hooks[] = {
      {"it is the terminate handler", reinterpret_cast<std::uintptr_t>(std::get_terminate())},
      {"it is the new handler", reinterpret_cast<std::uintptr_t>(std::get_new_handler())},
      {"stdout's buffer is in it", reinterpret_cast<std::uintptr_t>(buffer_of(stdout))},
      {"stderr's buffer is in it", reinterpret_cast<std::uintptr_t>(buffer_of(stderr))},
      {"stdin's buffer is in it", reinterpret_cast<std::uintptr_t>(buffer_of(stdin))},
  };
  for (const auto& hook : hooks)
    if (image.whole.contains(hook.address)) return {hook.what, hook.address};
  return {};
}

} // namespace tenure::inline v1::os

#endif
