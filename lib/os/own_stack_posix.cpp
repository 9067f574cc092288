// The calling thread's stack on Linux, macOS and the BSDs.
#include "code_search.hpp"
#include "exception_search.hpp"
#include "frame.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <pthread.h>
#if defined(__FreeBSD__) || defined(__DragonFly__) || defined(__OpenBSD__)
#  include <pthread_np.h>
#endif

#if defined(__GLIBC__)
extern "C" __attribute__((weak)) void* __libc_stack_end; // the stack pointer that the process started with
#endif

namespace tenure::inline v1::os {
namespace {

address_range stack_at(const void* lowest, std::size_t size) noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(lowest);
  return {begin, begin + size};
}

#if defined(__APPLE__)
address_range ask_for_stack() noexcept {
  const std::size_t size = ::pthread_get_stacksize_np(::pthread_self());
  return stack_at(static_cast<char*>(::pthread_get_stackaddr_np(::pthread_self())) - size,
                  size); // its high end
}
#elif defined(__OpenBSD__)
address_range ask_for_stack() noexcept {
  stack_t stack{};
  if (::pthread_stackseg_np(::pthread_self(), &stack) != 0) return {};
  return stack_at(static_cast<char*>(stack.ss_sp) - stack.ss_size, stack.ss_size); // its high end
}
#else

int ask_for_attributes(pthread_attr_t& attributes) noexcept {
#  if defined(__FreeBSD__) || defined(__DragonFly__)
  if (const int failure = ::pthread_attr_init(&attributes); failure != 0) return failure;
  return ::pthread_attr_get_np(::pthread_self(), &attributes);
#  else
  return ::pthread_getattr_np(::pthread_self(), &attributes);
#  endif
}

// Empty if the system does not say; the stack is then one without known bounds.
address_range ask_for_stack() noexcept {
  pthread_attr_t attributes;
  if (ask_for_attributes(attributes) != 0) return {};
  void* lowest = nullptr;
  std::size_t size = 0;
  const bool told = ::pthread_attr_getstack(&attributes, &lowest, &size) == 0;
  ::pthread_attr_destroy(&attributes);
  return told ? stack_at(lowest, size) : address_range{};
}
#endif

void end_at(address_range& stack, const void* address) noexcept {
  const auto end = reinterpret_cast<std::uintptr_t>(address);
  if (stack.contains(end)) stack.end = end;
}

// Above the frames of a main thread stand its arguments and environment, above those of others their
// thread-local storage: kilobytes that would be read each time for nothing, and where ThreadSanitizer keeps a
// list of calls, returned ones too. On x86 the storage is below what pthread_self() gives; of all that a
// program starts with the C library's, and so errno, is among the lowest.
address_range ask_for_frames() noexcept {
  address_range stack = ask_for_stack();
#if defined(__GLIBC__)
  if (&__libc_stack_end != nullptr) end_at(stack, __libc_stack_end);
  end_at(stack, reinterpret_cast<const void*>(::pthread_self()));
  end_at(stack, &errno);
#endif
  return stack;
}

// A stack's bounds never change, though a main stack's lower part appears only as it is used. Asking takes 1
// us, on the main thread up to 700 (it reads the maps file), so each thread asks once. Survives fork, whose
// only thread keeps both its stack and its thread-local variables.
address_range own_frames() noexcept {
  static thread_local constinit address_range frames{};
  if (frames.size() == 0) frames = ask_for_frames();
  return frames;
}

// Where signal frames are not recognised, they do not lead to the stack that was interrupted either.
bool on_alternate_stack() noexcept {
  stack_t now{};
  return ::sigaltstack(nullptr, &now) == 0 && (now.ss_flags & SS_ONSTACK) != 0;
}

TENURE_UNSANITIZED TENURE_NOT_INLINED stack_finding scan_from(std::uintptr_t sp,
                                                              const mapped_image& image) noexcept {
  stack_walk walk(own_frames(), sp);
  if (!calls_are_recognised && on_alternate_stack()) walk.distrust_sp();
  code_search search(image, walk);
  if (walk.run(search) || !exceptions_in_flight()) return search.finding;
  return find_exception(image, walk);
}

} // namespace

TENURE_UNSANITIZED TENURE_NOT_INLINED stack_finding scan_own_stack(const mapped_image& image) noexcept {
  __builtin_unwind_init(); // spills what callers keep in registers into this frame, where it is read
  const int kept_errno = errno;
  const stack_finding finding = scan_from(below_this_frame(), image);
  errno = kept_errno;
  return finding;
}

// exit() does not return, so what follows its last call is another function: of both together not more is
// looked for than this.
TENURE_UNSANITIZED TENURE_NOT_INLINED bool runs_exit_handlers() noexcept {
  constexpr std::uintptr_t longest = 128; // bytes of machine code
  const int kept_errno = errno;
  const address_range frames = own_frames();
  errno = kept_errno;
  const std::uintptr_t sp = below_this_frame();
  if (!frames.contains(sp)) return false;
  const auto function = reinterpret_cast<std::uintptr_t>(&std::exit);
  for (std::uintptr_t at = sp; frames.end - at >= sizeof(stack_word); at += sizeof(stack_word))
    if (*reinterpret_cast<const stack_word*>(at) - function - 1 < longest) return true;
  return false;
}

} // namespace tenure::inline v1::os
