// The departure check's second question, at the level `threads`: does another thread of this process still
// need the module? Asked without their help: they know nothing of us, and may be asleep.
#ifndef TENURE_LIB_OS_OTHER_THREADS_HPP
#define TENURE_LIB_OS_OTHER_THREADS_HPP

#include "mapped_image.hpp"

namespace tenure::inline v1::os {

// What ties a thread to an image.
enum class thread_evidence : std::uint8_t {
  none,
  return_address, // a call out of the image has not returned
  executing_code, // it is in the image's code now, or a signal stopped it there
  no_answer       // nobody knows, which counts as if it were inside
};

struct thread_finding {
  thread_evidence evidence = thread_evidence::none;

  // The system's number of the thread (gettid, GetCurrentThreadId). 0 with `no_answer`: the list of threads
  // could not be had, or never stood still.
  std::uint64_t thread = 0;

  // Inside the image: the last byte of the call that has not returned, or the instruction. 0 with
  // `no_answer`.
  std::uintptr_t address = 0;

  // Where that stood on the thread's stack; 0 if in a register. The stack may be gone by now.
  std::uintptr_t slot = 0;

  [[nodiscard]] explicit operator bool() const noexcept { return evidence != thread_evidence::none; }
};

// Looks at every other thread of the process, one after the other, and stops at the first that is inside.
// `none` says: each thread, also each that was started meanwhile, was outside at some moment of this call.
// With no reference left a thread that is outside stays outside, and so does what it starts.
//
// pre: the image is still mapped, its code can be read, and nothing unmaps it during the call.
//
// Effect: errno keeps its value, and the caller's signals wait until the call ends. Allocates nothing. Two
// calls at once take turns. May be called in a signal handler, and in the child of a fork.
//
// Platform, Linux: a blocked thread is read from outside; it does not notice. This takes x86, where a caller
// is always on the stack, and a kernel that tells where the thread stands. All others get a real-time signal
// that nobody has a handler for; the handler is there for this call only, unless a thread still owes its
// answer. Such a signal may end poll, select, epoll_wait, sleeps and waits with a limit with EINTR, as
// SA_RESTART does not apply to them. It needs 2 KiB of the thread's stack besides the kernel's own frame, or
// its alternate stack. A thread that spins with that signal blocked, one that a debugger has stopped on an
// alternate stack, and a kernel's io_uring poller that spins give no answer; nor does anyone without /proc,
// nor in a process of more than 4096 threads. Platform, Windows: each thread is suspended, read, and resumed
// before the next. On other systems there is no answer.
//
// Cost, Linux, on a virtual machine with 2 busy processors: 20 to 25 us for each blocked thread, which is 2.3
// times what it takes to open, read and close the one file that says where it stands (test/departure/threads_time.cpp),
// for there are two; 1 ms for each of 32 that spin, asked 32 at a time. Wine: 1 to 9 ms for each thread.
// A thread that gives no answer costs 100 ms, 10 if it blocks the signal.
//
// False alarms: return addresses that lie dead in an unused part of a live frame. No unwinder looks at
// another thread, so what own_stack.hpp can rule out counts here: on Linux 0 of 1000 scans over 8 idle
// threads that had been in the module, under Wine, whose waits have roomy frames, all 1000. They only defer.
//
// Not seen: fibers that do not run now, as in own_stack.hpp; exceptions in flight in other threads; a thread
// that was created but has not run yet. The reference scan finds the objects of all three.
[[nodiscard]] thread_finding scan_other_threads(const mapped_image& image) noexcept;

} // namespace tenure::inline v1::os

#endif
