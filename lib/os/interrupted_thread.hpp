// A thread looks at its own stack, in the handler of a signal that we sent it. Linux.
//
// Everything here runs in that handler: it allocates nothing, takes no lock, and touches no thread-local
// variable of ours, which a library that was loaded late would have to allocate.
#ifndef TENURE_LIB_OS_INTERRUPTED_THREAD_HPP
#define TENURE_LIB_OS_INTERRUPTED_THREAD_HPP

#include "loader_order.hpp"
#include "thread_stack.hpp"

#include <ucontext.h>

namespace tenure::inline v1::os {

// The registers of the interrupted code as stack words: up to the mark by which code_search recognises saved
// registers, so that it takes the program counter and the stack pointer from there, and any other register
// that holds a return address for one.
struct saved_registers {
  const stack_word* words = nullptr;
  std::size_t count = 0;
};

#if defined(TENURE_THREAD_SANITIZED) || !(defined(TENURE_CALLS_X86) || defined(TENURE_CALLS_AARCH64))
// ThreadSanitizer runs handlers later, when the context is history. Elsewhere the registers are not known by
// name; they are among the words above the handler's frame.
inline constexpr bool context_is_known = false;
TENURE_UNSANITIZED inline saved_registers registers_of(const ucontext_t&) noexcept { return {}; }
TENURE_UNSANITIZED inline std::uintptr_t stack_pointer_of(const ucontext_t&) noexcept { return 0; }
#elif defined(__x86_64__)
inline constexpr bool context_is_known = true;
TENURE_UNSANITIZED inline saved_registers registers_of(const ucontext_t& context) noexcept {
  return {reinterpret_cast<const stack_word*>(context.uc_mcontext.gregs), REG_CSGSFS + 1};
}
TENURE_UNSANITIZED inline std::uintptr_t stack_pointer_of(const ucontext_t& context) noexcept {
  return static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RSP]);
}
#elif defined(__i386__)
inline constexpr bool context_is_known = true;
TENURE_UNSANITIZED inline saved_registers registers_of(const ucontext_t& context) noexcept {
  return {reinterpret_cast<const stack_word*>(context.uc_mcontext.gregs), REG_SS + 1};
}
TENURE_UNSANITIZED inline std::uintptr_t stack_pointer_of(const ucontext_t& context) noexcept {
  return static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_UESP]);
}
#else
inline constexpr bool context_is_known = true;
TENURE_UNSANITIZED inline saved_registers registers_of(const ucontext_t& context) noexcept {
  const auto* const first = reinterpret_cast<const stack_word*>(context.uc_mcontext.regs);
  const auto* const mark = reinterpret_cast<const stack_word*>(context.uc_mcontext.__reserved);
  return {first, static_cast<std::size_t>(mark + 1 - first)};
}
TENURE_UNSANITIZED inline std::uintptr_t stack_pointer_of(const ucontext_t& context) noexcept {
  return context.uc_mcontext.sp;
}
#endif

class interrupted_thread {
public:
  // Where the context is not known, the handler's own frame is the lowest that counts.
  TENURE_UNSANITIZED interrupted_thread(const ucontext_t& context, std::uintptr_t handler_frame) noexcept
      : registers_(registers_of(context))
      , sp_((context_is_known ? stack_pointer_of(context) : handler_frame) & ~(sizeof(stack_word) - 1)) {}

  TENURE_UNSANITIZED stack_finding scan(const mapped_image& image) noexcept {
    stack_walk walk(frames_above(), sp_);
    code_search search(image, walk);
    search.distrust_frames(); // the unwinder may have been interrupted, with its lock held
    search.distrust_image();
    if (!registers_show(search)) walk.run(search);
    return search.finding;
  }

private:
  TENURE_UNSANITIZED bool registers_show(code_search& search) const noexcept {
    return registers_.count != 0 &&
           search({registers_.words, registers_.count, reinterpret_cast<std::uintptr_t>(registers_.words)});
  }

  // What is certainly mapped from the stack pointer on; on another stack than the thread's own one, all of
  // that.
  TENURE_UNSANITIZED TENURE_NOT_INLINED address_range frames_above() const noexcept {
    const std::uintptr_t ends[] = {own_storage(), main_stack_end()};
    careful_reader reader;
    for (const std::uintptr_t end : ends)
      if (stack_ends::reaches(sp_, end) && reader.lowest_readable({sp_, end}) == sp_) return {sp_, end};
    const bool is_main = ::getpid() == ::syscall(SYS_gettid);
    const std::uintptr_t end = ends[is_main ? 1 : 0];
    if (end < stack_walk::foreign_limit) return {};
    return {reader.lowest_readable({end - stack_walk::foreign_limit, end}), end};
  }

  const saved_registers registers_;
  const std::uintptr_t sp_;
};

} // namespace tenure::inline v1::os

#endif
