#ifndef TENURE_TEST_SUPPORT_FIBER_HPP
#define TENURE_TEST_SUPPORT_FIBER_HPP

#include <cstddef>

namespace tenure_test {

/// A stack of its own on which code runs and pauses, on the OS thread that made it.
///
/// Do not use it to run things in parallel: all fibers of a thread take turns, and only where one of them
/// calls `switch_to`. Neither copied nor moved, because saved contexts and sanitizers know it by its address.
/// Destroying a paused fiber frees its stack and runs no destructor of what stands on it.
class fiber {
public:
  /// Runs on the fiber's own stack and must never return: there is nothing to return to.
  using entry = void (*)();

  /// Stands for the stack that the calling thread already has. Others switch back to it.
  fiber();
  /// Paused before the first instruction of `body`. Throws std::bad_alloc without memory for a stack.
  explicit fiber(entry body);
  ~fiber();
  fiber(const fiber&) = delete;
  fiber& operator=(const fiber&) = delete;

  /// Pauses this fiber and continues `next`; returns when somebody switches back.
  /// Pre: `this` is the running fiber, and both belong to the calling thread.
  /// Each fiber keeps its own exceptions in flight, so it may pause inside a catch block or a destructor.
  void switch_to(fiber& next) noexcept;

private:
  [[noreturn]] static void first_entry();
#if defined(_WIN32)
  static void __stdcall win32_entry(void* unused);
#endif
  void prepare_context();
  void swap_context(fiber& next) noexcept;
  void swap_exceptions(fiber& next) noexcept;
  void leave_for(fiber& next) noexcept;
  void arrived() noexcept;

  entry body_ = nullptr;
  std::byte* stack_ = nullptr; ///< lowest usable byte; null for a thread's own stack
  void* context_ = nullptr;    ///< saved stack pointer, ucontext_t or Win32 fiber: the switch's own business
  void* exceptions_[2] = {};   ///< the C++ runtime's per-thread state, while this fiber is paused
  [[maybe_unused]] void* fake_stack_ = nullptr;   ///< AddressSanitizer's, while this fiber is paused
  [[maybe_unused]] const void* bounds_ = nullptr; ///< as AddressSanitizer wants the stack described
  [[maybe_unused]] std::size_t bounds_size_ = 0;
  [[maybe_unused]] void* race_detector_ = nullptr; ///< ThreadSanitizer's idea of this fiber
};

} // namespace tenure_test

#endif
