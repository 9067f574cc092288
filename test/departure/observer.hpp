// What the host does in each case: it asks for the departure check's answer, and an unwinder's for
// comparison.
#ifndef TENURE_TEST_DEPARTURE_OBSERVER_HPP
#define TENURE_TEST_DEPARTURE_OBSERVER_HPP

#include "os/own_stack.hpp"
#include "os/unsanitized.hpp"

#include <new>
#include <unwind.h>

#if defined(_MSC_VER)
#  define DEPARTURE_NOT_INLINED __declspec(noinline)
#else
#  define DEPARTURE_NOT_INLINED __attribute__((noinline))
#endif

namespace departure {

namespace os = tenure::os;

class observer {
public:
  explicit observer(const os::mapped_image& image)
      : image_(image) {}

  // The callback that a module gets, with the observer as its argument.
  DEPARTURE_NOT_INLINED static void look(void* self) { static_cast<observer*>(self)->look(); }

  DEPARTURE_NOT_INLINED void look() {
    ::new (&finding)
        os::stack_finding(os::scan_own_stack(image_)); // in place: a temporary would be dead stack
    ++looks;
    _Unwind_Backtrace(&observer::visit_frame, this);
  }

  os::stack_finding finding;
  unsigned looks = 0; // a case that never looked proves nothing
  bool unwinder_saw = false;

private:
  static _Unwind_Reason_Code visit_frame(_Unwind_Context* context, void* self) {
    auto& me = *static_cast<observer*>(self);
    int is_exact = 0; // set for an interrupted pc; a return address may stand behind its function
    const std::uintptr_t pc = _Unwind_GetIPInfo(context, &is_exact);
    me.unwinder_saw |= me.image_.executes(is_exact != 0 ? pc : pc - 1);
    return _URC_NO_REASON;
  }

  const os::mapped_image& image_;
};

// Not instrumented: the array must lie on the real stack, and at its very end.
template <std::size_t Words> TENURE_UNSANITIZED DEPARTURE_NOT_INLINED void wipe_words() {
  [[maybe_unused]] volatile std::uintptr_t dead[Words];
  for (std::size_t i = 0; i != Words; ++i) dead[i] = 0;
}

// Overwrites what earlier calls left below the stack pointer: dead return addresses are an allowed false
// alarm, and would only blur what a case proves. Frames of several sizes, for each has a few words of its own
// that it leaves out.
inline void wipe_dead_stack() {
  wipe_words<(std::size_t{768} << 10) / sizeof(std::uintptr_t)>();
  wipe_words<29>();
  wipe_words<30>();
  wipe_words<31>();
  wipe_words<32>();
}

} // namespace departure

#endif
