#include "support/fiber.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

// Which switch. Ours saves what the ABI says a call preserves and nothing else: swapcontext also saves the
// signal mask, which is two system calls per switch and would be most of a schedule's time. The control words
// of the floating point unit are left out, as no test changes them. Under a hardware shadow stack (user-space
// CET) ours would fault: build with TENURE_TEST_UCONTEXT there, as on any other processor.
#if defined(_WIN32)
#  define TENURE_FIBER_WIN32 1
#elif defined(__x86_64__) && defined(__LP64__) && !defined(TENURE_TEST_UCONTEXT)
#  define TENURE_FIBER_X86_64 1
#elif defined(__aarch64__) && defined(__LP64__) && !defined(TENURE_TEST_UCONTEXT)
#  define TENURE_FIBER_AARCH64 1
#else
#  define TENURE_FIBER_UCONTEXT 1
#endif

#if defined(__SANITIZE_ADDRESS__)
#  define TENURE_FIBER_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#  define TENURE_FIBER_TSAN 1
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer)
#    define TENURE_FIBER_ASAN 1
#  elif __has_feature(thread_sanitizer)
#    define TENURE_FIBER_TSAN 1
#  endif
#endif

#if defined(TENURE_FIBER_WIN32)
#  define WIN32_LEAN_AND_MEAN
#  include <windows.h>
#else
#  include <sys/mman.h>
#  include <unistd.h>
#endif
#if defined(TENURE_FIBER_UCONTEXT)
#  include <ucontext.h>
#endif
#if defined(TENURE_FIBER_ASAN)
#  include <sanitizer/asan_interface.h>
#  include <sanitizer/common_interface_defs.h>
#  include <sanitizer/lsan_interface.h>
#endif
#if defined(TENURE_FIBER_TSAN)
#  include <sanitizer/tsan_interface.h>
#endif

#if !defined(_MSC_VER)
namespace __cxxabiv1 { // of <cxxabi.h>, where libc++ leaves it out
struct __cxa_eh_globals;
extern "C" __cxa_eh_globals* __cxa_get_globals() noexcept;
} // namespace __cxxabiv1
#endif

namespace tenure_test {

namespace {

/// Sanitizers' frames are several times larger; the pages cost nothing until touched.
constexpr std::size_t stack_bytes = std::size_t{256} * 1024;

// Who hands over to whom, for the code that has just been switched to and cannot get arguments.
constinit thread_local fiber* leaving = nullptr;
constinit thread_local fiber* arriving = nullptr;

#if !defined(TENURE_FIBER_WIN32)

std::size_t page_bytes() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

/// The page below the stack stays inaccessible: an overflow is a fault there, not a silent write elsewhere.
std::byte* map_stack() {
  const std::size_t guard = page_bytes();
  void* pages = mmap(nullptr, stack_bytes + guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  std::byte* stack = static_cast<std::byte*>(pages) + guard;
  if (mprotect(stack, stack_bytes, PROT_READ | PROT_WRITE) != 0) {
    munmap(pages, stack_bytes + guard);
    throw std::bad_alloc();
  }
  return stack;
}

void unmap_stack(std::byte* stack) noexcept {
  const std::size_t guard = page_bytes();
  munmap(stack - guard, stack_bytes + guard);
}

#else

/// A thread can be converted only once and stays converted, so later runs on it need the address again.
/// (GetCurrentFiber() reads it inline from address 0 of a segment, at which GCC 12 warns.)
void* this_thread_as_fiber() {
  static constinit thread_local void* converted = nullptr;
  if (converted == nullptr) converted = ConvertThreadToFiber(nullptr);
  if (converted == nullptr) throw std::bad_alloc();
  return converted;
}

#endif

} // namespace

#if defined(TENURE_FIBER_X86_64)

extern "C" void tenure_fiber_switch(void** save, void* load) __asm__("tenure_fiber_switch");
__asm__(".text\n"
        ".p2align 4\n"
        ".globl tenure_fiber_switch\n"
        "tenure_fiber_switch:\n"
        "  pushq %rbp\n"
        "  pushq %rbx\n"
        "  pushq %r12\n"
        "  pushq %r13\n"
        "  pushq %r14\n"
        "  pushq %r15\n"
        "  movq %rsp, (%rdi)\n"
        "  movq %rsi, %rsp\n"
        "  popq %r15\n"
        "  popq %r14\n"
        "  popq %r13\n"
        "  popq %r12\n"
        "  popq %rbx\n"
        "  popq %rbp\n"
        "  ret\n");

/// The first switch pops six zero registers and returns into the entry, whose own return address is the zero
/// above it (backtraces end there). The stack pointer is then 8 below a multiple of 16, as after any call.
void fiber::prepare_context() {
  constexpr std::size_t words = 8;
  void* frame[words] = {};
  frame[6] = reinterpret_cast<void*>(&fiber::first_entry);
  std::byte* place = stack_ + stack_bytes - sizeof frame;
  std::memcpy(place, frame, sizeof frame);
  context_ = place;
}

void fiber::swap_context(fiber& next) noexcept { tenure_fiber_switch(&context_, next.context_); }

#elif defined(TENURE_FIBER_AARCH64)

extern "C" void tenure_fiber_switch(void** save, void* load) __asm__("tenure_fiber_switch");
extern "C" void tenure_fiber_start() __asm__("tenure_fiber_start");
// The start clears the link register, without which an unwinder would find the entry calling itself for ever.
// It jumps through x16, the register from which a function's landing pad accepts a jump under BTI. Both are
// global symbols: a local one is addressed through the section, and binutils 2.40 then takes the section's
// own entry of the GOT (the start became the switch, which called itself for ever; seen under qemu).
__asm__(".text\n"
        ".p2align 4\n"
        ".globl tenure_fiber_switch\n"
        "tenure_fiber_switch:\n"
        "  sub sp, sp, #160\n"
        "  stp x19, x20, [sp, #0]\n"
        "  stp x21, x22, [sp, #16]\n"
        "  stp x23, x24, [sp, #32]\n"
        "  stp x25, x26, [sp, #48]\n"
        "  stp x27, x28, [sp, #64]\n"
        "  stp x29, x30, [sp, #80]\n"
        "  stp d8, d9, [sp, #96]\n"
        "  stp d10, d11, [sp, #112]\n"
        "  stp d12, d13, [sp, #128]\n"
        "  stp d14, d15, [sp, #144]\n"
        "  mov x9, sp\n"
        "  str x9, [x0]\n"
        "  mov sp, x1\n"
        "  ldp x19, x20, [sp, #0]\n"
        "  ldp x21, x22, [sp, #16]\n"
        "  ldp x23, x24, [sp, #32]\n"
        "  ldp x25, x26, [sp, #48]\n"
        "  ldp x27, x28, [sp, #64]\n"
        "  ldp x29, x30, [sp, #80]\n"
        "  ldp d8, d9, [sp, #96]\n"
        "  ldp d10, d11, [sp, #112]\n"
        "  ldp d12, d13, [sp, #128]\n"
        "  ldp d14, d15, [sp, #144]\n"
        "  add sp, sp, #160\n"
        "  ret\n"
        ".p2align 4\n"
        ".globl tenure_fiber_start\n"
        "tenure_fiber_start:\n"
        "  mov x29, xzr\n"
        "  mov x30, xzr\n"
        "  mov x16, x19\n"
        "  br x16\n");

/// The first switch loads the entry into x19 (word 0) and returns (x30, word 11) into the start above.
void fiber::prepare_context() {
  constexpr std::size_t words = 20;
  void* frame[words] = {};
  frame[0] = reinterpret_cast<void*>(&fiber::first_entry);
  frame[11] = reinterpret_cast<void*>(&tenure_fiber_start);
  std::byte* place = stack_ + stack_bytes - sizeof frame;
  std::memcpy(place, frame, sizeof frame);
  context_ = place;
}

void fiber::swap_context(fiber& next) noexcept { tenure_fiber_switch(&context_, next.context_); }

#elif defined(TENURE_FIBER_UCONTEXT)

void fiber::prepare_context() {
  auto* context = new ucontext_t{};
  getcontext(context);
  context->uc_stack.ss_sp = stack_;
  context->uc_stack.ss_size = stack_bytes;
  makecontext(context, &fiber::first_entry, 0);
  context_ = context;
}

void fiber::swap_context(fiber& next) noexcept {
  swapcontext(static_cast<ucontext_t*>(context_), static_cast<ucontext_t*>(next.context_));
}

#endif

#if defined(TENURE_FIBER_WIN32)

// Windows keeps a thread's stack limits in its own block and unwinds by them, so its own fibers are used.

void __stdcall fiber::win32_entry(void*) { first_entry(); }

void fiber::prepare_context() {}

void fiber::swap_context(fiber& next) noexcept { SwitchToFiber(next.context_); }

fiber::fiber()
    : context_(this_thread_as_fiber()) {}

fiber::fiber(entry body)
    : body_(body)
    , context_(CreateFiberEx(stack_bytes, stack_bytes, 0, &fiber::win32_entry, nullptr)) {
  if (context_ == nullptr) throw std::bad_alloc();
}

fiber::~fiber() {
  if (body_ != nullptr) DeleteFiber(context_);
}

#else

fiber::fiber() {
#  if defined(TENURE_FIBER_UCONTEXT)
  context_ = new ucontext_t{};
#  endif
#  if defined(TENURE_FIBER_TSAN)
  race_detector_ = __tsan_get_current_fiber();
#  endif
}

fiber::fiber(entry body)
    : body_(body)
    , stack_(map_stack())
    , bounds_(stack_)
    , bounds_size_(stack_bytes) {
  prepare_context();
#  if defined(TENURE_FIBER_TSAN)
  race_detector_ = __tsan_create_fiber(0);
#  endif
#  if defined(TENURE_FIBER_ASAN)
  __lsan_register_root_region(stack_,
                              stack_bytes); // mapped pages are not searched for pointers by themselves
#  endif
}

fiber::~fiber() {
#  if defined(TENURE_FIBER_UCONTEXT)
  delete static_cast<ucontext_t*>(context_);
#  endif
  if (stack_ == nullptr) return;
#  if defined(TENURE_FIBER_TSAN)
  __tsan_destroy_fiber(race_detector_);
#  endif
#  if defined(TENURE_FIBER_ASAN)
  __lsan_unregister_root_region(stack_, stack_bytes);
  __asan_unpoison_memory_region(stack_,
                                stack_bytes); // whoever is mapped here next would find our frames' marks
#  endif
  unmap_stack(stack_);
}

#endif

/// The runtime keeps caught exceptions and the count of uncaught ones per OS thread (`__cxa_eh_globals`: a
/// pointer and an unsigned), which all fibers share. Without this, a fiber paused in a catch block would
/// rethrow a neighbour's.
void fiber::swap_exceptions(fiber& next) noexcept {
#if !defined(_MSC_VER)
  void* globals = __cxxabiv1::__cxa_get_globals();
  std::memcpy(exceptions_, globals, sizeof exceptions_);
  std::memcpy(globals, next.exceptions_, sizeof next.exceptions_);
#else
  (void)next;
#endif
}

void fiber::leave_for(fiber& next) noexcept {
  leaving = this;
  arriving = &next;
  swap_exceptions(next);
#if defined(TENURE_FIBER_ASAN)
  __sanitizer_start_switch_fiber(&fake_stack_, next.bounds_, next.bounds_size_);
#elif defined(TENURE_FIBER_TSAN)
  __tsan_switch_to_fiber(next.race_detector_, 0); // 0: what one fiber did before, the next one sees
#endif
}

/// A thread's own stack learns its bounds here: the sanitizer tells them when that stack is first left.
void fiber::arrived() noexcept {
#if defined(TENURE_FIBER_ASAN)
  __sanitizer_finish_switch_fiber(fake_stack_, &leaving->bounds_, &leaving->bounds_size_);
#endif
}

void fiber::first_entry() {
  arriving->arrived();
  arriving->body_();
  std::abort();
}

void fiber::switch_to(fiber& next) noexcept {
  leave_for(next);
  swap_context(next);
  arrived();
}

} // namespace tenure_test
