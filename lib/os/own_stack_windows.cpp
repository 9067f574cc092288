// The calling thread's stack on Windows.
#include "code_search.hpp"
#include "exception_search.hpp"
#include "frame.hpp"
#include "ntdll.hpp"

#if defined(_MSC_VER)
#  include <intrin.h>
#endif

namespace tenure::inline v1::os {
namespace {

// Wine's unwinder goes through the list of modules without the loader's lock, and dies if another thread changes the list
// meanwhile. There the lock is taken for it, but not waited for: who has it may run an initialiser.
class unwinding {
public:
  unwinding() noexcept {
    ULONG state = taken;
    if (calls().take != nullptr) calls().take(try_only, &state, &key_);
    safe_ = state == taken;
  }
  unwinding(const unwinding&) = delete;
  unwinding& operator=(const unwinding&) = delete;
  ~unwinding() {
    if (key_ != 0) calls().give(0, key_);
  }
  [[nodiscard]] bool is_safe() const noexcept { return safe_; }

private:
  static constexpr ULONG try_only = 2, taken = 1;
  struct lock_calls {
    LONG(NTAPI* take)(ULONG flags, ULONG* state, ULONG_PTR* key) = nullptr;
    LONG(NTAPI* give)(ULONG flags, ULONG_PTR key) = nullptr;
  };
  // Looked for once: to look for them takes the same lock.
  static const lock_calls& calls() noexcept {
    static const lock_calls found = [] {
      lock_calls c;
      if (system_function<const char*()>("wine_get_version") == nullptr) return c;
      c.take = system_function<LONG NTAPI(ULONG, ULONG*, ULONG_PTR*)>("LdrLockLoaderLock");
      c.give = system_function<LONG NTAPI(ULONG, ULONG_PTR)>("LdrUnlockLoaderLock");
      return c;
    }();
    return found;
  }

  ULONG_PTR key_ = 0; // of the lock, if it was taken
  bool safe_;
};

} // namespace

// By the tables that each function has here which calls another, exact at every instruction. Code without any (made at
// run time, and not registered) ends what can be accounted for.
TENURE_UNSANITIZED TENURE_NOT_INLINED void live_frames::ask(const mapped_image& image) noexcept {
  asked_ = true;
  const unwinding hold;
  if (!hold.is_safe()) return;
#if defined(_M_X64) || defined(__x86_64__)
  CONTEXT frame{};
  RtlCaptureContext(&frame);
  accounted_ = {static_cast<std::uintptr_t>(frame.Rsp), static_cast<std::uintptr_t>(frame.Rsp)};
  while (!inside_) {
    DWORD64 base = 0;
    PRUNTIME_FUNCTION const tables = RtlLookupFunctionEntry(frame.Rip, &base, nullptr);
    if (tables == nullptr) return;
    void* handler = nullptr;
    DWORD64 established = 0;
    RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, frame.Rip, tables, &frame, &handler, &established, nullptr);
    if (frame.Rip == 0 || frame.Rsp <= accounted_.end) return;
    accounted_.end = static_cast<std::uintptr_t>(frame.Rsp);
    inside_ = image.executes(static_cast<std::uintptr_t>(frame.Rip)) ||
              image.executes(static_cast<std::uintptr_t>(frame.Rip) - 1);
  }
#else
  static_cast<void>(image);
#endif
}

namespace {

#if defined(__GNUC__)
#  pragma GCC diagnostic                                                                                     \
      push // MinGW reads the block by an absolute address in its segment, which GCC 12 takes for null
#  pragma GCC diagnostic ignored "-Warray-bounds"
#endif

// The system's own note, which fibers made by CreateFiber keep up to date. Only what is committed.
address_range own_frames() noexcept {
  const auto* block = reinterpret_cast<const NT_TIB*>(NtCurrentTeb());
  return {reinterpret_cast<std::uintptr_t>(block->StackLimit),
          reinterpret_cast<std::uintptr_t>(block->StackBase)};
}

#if defined(__GNUC__)
#  pragma GCC diagnostic pop
#endif

// A second opinion, by unwind tables: it sees every frame whose return address stands after something
// unusual.
TENURE_UNSANITIZED stack_finding ask_unwinder(const mapped_image& image) noexcept {
  const unwinding hold;
  if (!hold.is_safe()) return {};
  constexpr ULONG most =
      62; // of one call before Windows Vista; a deeper module frame has the word scan alone
  void* frames[most];
  const USHORT count = RtlCaptureStackBackTrace(0, most, frames, nullptr);
  for (USHORT i = 0; i != count; ++i) {
    const auto address = reinterpret_cast<std::uintptr_t>(frames[i]);
    if (image.executes(address - 1)) return {stack_evidence::return_address, address - 1, 0};
  }
  return {};
}

TENURE_UNSANITIZED TENURE_NOT_INLINED stack_finding scan_from(std::uintptr_t sp,
                                                              const mapped_image& image) noexcept {
  stack_walk walk(own_frames(), sp);
  code_search search(image, walk);
  if (walk.run(search)) return search.finding;
  if (exceptions_in_flight())
    if (const stack_finding thrown = find_exception(image, walk)) return thrown;
  return ask_unwinder(image);
}

} // namespace

#if defined(_MSC_VER)
// The context is on the stack that is read. Zeroed, for not all of it is filled.
#  define TENURE_SPILL_REGISTERS                                                                             \
    CONTEXT registers{};                                                                                     \
    RtlCaptureContext(&registers)
#else
#  define TENURE_SPILL_REGISTERS __builtin_unwind_init()
#endif

TENURE_UNSANITIZED TENURE_NOT_INLINED stack_finding scan_own_stack(const mapped_image& image) noexcept {
  TENURE_SPILL_REGISTERS; // what callers keep in registers goes into this frame, where it is read
  const DWORD kept_error = GetLastError();
  const stack_finding finding = scan_from(below_this_frame(), image);
  SetLastError(kept_error);
  return finding;
}

} // namespace tenure::inline v1::os
