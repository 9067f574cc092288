// Where the stack of a thread ends, without asking the C library for it: that may allocate, and tells of
// other threads nothing that is safe to use. Linux.
#ifndef TENURE_LIB_OS_THREAD_STACK_HPP
#define TENURE_LIB_OS_THREAD_STACK_HPP

#include "code_search.hpp"

#include <algorithm>
#include <cerrno>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__GLIBC__)
extern "C" __attribute__((weak)) void* __libc_stack_end; // the stack pointer that the process started with
#endif

namespace tenure::inline v1::os {

// Above which address the frames end: 0 where that is not known.
struct stack_ends {
  // The thread's control block and its thread-local storage. The C libraries put them on top of the stack,
  // also of one that the application gave; but the main thread's stand elsewhere.
  std::uintptr_t storage = 0;
  std::uintptr_t main = 0;

  // True if nothing but frames can lie between.
  static constexpr bool reaches(std::uintptr_t sp, std::uintptr_t end) noexcept {
    return sp < end && end - sp <= stack_walk::foreign_limit;
  }
};

inline std::uintptr_t main_stack_end() noexcept {
#if defined(__GLIBC__)
  if (&__libc_stack_end != nullptr) return reinterpret_cast<std::uintptr_t>(__libc_stack_end);
#endif
  return 0;
}

inline std::uintptr_t own_control_block() noexcept {
  static_assert(sizeof(pthread_t) == sizeof(std::uintptr_t));
  return reinterpret_cast<std::uintptr_t>(reinterpret_cast<void*>(::pthread_self()));
}

// Where the calling thread's storage begins, about: on x86 it is below the control block, and of all that a
// program starts with the C library's, and so errno, is among the lowest.
inline std::uintptr_t own_storage() noexcept {
  return std::min(own_control_block(), reinterpret_cast<std::uintptr_t>(&errno));
}

// The kernel keeps the address of each thread's list of robust mutexes, which is a part of the control block.
// Where the C library sets it only when it is used, 0.
inline std::uintptr_t robust_list_of(pid_t thread) noexcept {
  void* head = nullptr;
  std::size_t length = 0;
  return ::syscall(SYS_get_robust_list, thread, &head, &length) == 0 ? reinterpret_cast<std::uintptr_t>(head)
                                                                     : 0;
}

// How far above the beginning of its storage a thread has that list: the same in all of a process. Zero where
// that is not known.
inline std::uintptr_t place_of_robust_list() noexcept {
  const std::uintptr_t own = robust_list_of(0);
  return own == 0 ? 0 : own - own_storage();
}

inline stack_ends ends_of(pid_t thread, std::uintptr_t place_of_list) noexcept {
  const std::uintptr_t list = place_of_list != 0 ? robust_list_of(thread) : 0;
  return {list != 0 ? list - place_of_list : 0, main_stack_end()};
}

} // namespace tenure::inline v1::os

#endif
