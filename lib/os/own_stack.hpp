// The departure check's first question, asked right before each close: does the calling thread still need the
// module?
#ifndef TENURE_LIB_OS_OWN_STACK_HPP
#define TENURE_LIB_OS_OWN_STACK_HPP

#include "mapped_image.hpp"

namespace tenure::inline v1::os {

// What ties the calling thread to an image.
enum class stack_evidence : std::uint8_t {
  none,
  return_address,     // a call out of the image has not returned
  interrupted_code,   // a signal or hardware fault stopped the image's code, and its handler is still running
  exception_in_flight // an exception being thrown or handled here has its type, destructor or vtable in the
                      // image
};

struct stack_finding {
  stack_evidence evidence = stack_evidence::none;

  // Inside the image: the last byte of the call that has not returned, the interrupted instruction, or what
  // the exception needs. Keep it off the stack until the next scan, which it might alarm; that is also why it
  // is not the return address itself, which would do so always.
  std::uintptr_t address = 0;

  // Where that stood on the stack: the return address, the saved registers, or the exception's address. For
  // an exception that is being handled, the head of its object; 0 if only the system's unwinder saw the
  // frame.
  std::uintptr_t slot = 0;

  [[nodiscard]] explicit operator bool() const noexcept { return evidence != stack_evidence::none; }
};

// Looks for code of `image` on the calling thread's stacks, and for an exception in flight that belongs to
// it. Reads every word from here to the stack's base, so frames without unwind tables or frame pointer count
// too.
//
// pre: the image is still mapped, and its code can be read, not only executed.
//
// Effect: none; errno keeps its value. Allocates nothing and takes no lock of ours. The C library may do
// both, once per thread, when it is asked where the stack is; from then on this may be called in a signal
// handler.
//
// Cost: 0.2 us at depth 20, 10 us at depth 2000. On a stack that the system did not make (fiber, alternate
// signal stack) the kernel reads for us, and with a fiber all of the thread's own stack counts: 30 us to some
// milliseconds. While an exception is in flight: 5 us and more.
//
// False alarms: return addresses that lie dead in a buffer or in an unused part of a frame, where the system's unwinder
// cannot account for that frame (live_frames.hpp). They only defer.
//
// Fibers: the stack that runs now and the thread's own one are read. Not seen: suspended fibers and
// coroutines (the reference scan finds those), also where their stack is an array in a frame, and what is below a
// stack that is an array on another stack, unless a signal led there.
//
// Not seen either: code that pushes a return address without a call instruction; an uncaught exception thrown
// by a C++ runtime that the module linked statically (its count is not ours); on MSVC, an exception whose
// thrower's frame is gone.
[[nodiscard]] stack_finding scan_own_stack(const mapped_image& image) noexcept;

// True below exit(): a destructor of a static object, or another exit handler, has called us. POSIX alone,
// where a program's handle may end before the handler of watch_exit() runs. Cost: a look at each word of the
// thread's own stack.
[[nodiscard]] bool runs_exit_handlers() noexcept;

} // namespace tenure::inline v1::os

#endif
