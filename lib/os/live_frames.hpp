// Tells return addresses that frames still need from those that lie dead in a frame: a large local array, or
// room that a compiler reserved and has not written, keeps what earlier calls left there.
#ifndef TENURE_LIB_OS_LIVE_FRAMES_HPP
#define TENURE_LIB_OS_LIVE_FRAMES_HPP

#include "mapped_image.hpp"
#include "unsanitized.hpp"

#if !defined(_WIN32)
#  include <unwind.h>
#endif

namespace tenure::inline v1::os {

// The part of the running stack that the system's unwinder can account for, frame by frame from here. It ends
// before the first frame without tables, and before interrupted code, whose tables may be exact at calls
// only: beyond that end every return address and all saved registers count. Within it a word is dead unless
// one of the frames returns to it, which the unwinder has then named.
class live_frames {
public:
  // True if the word at `slot`, though a return address into the image, is needed by no frame.
  TENURE_UNSANITIZED bool is_dead(std::uintptr_t slot, const mapped_image& image) noexcept {
    if (!asked_) ask(image);
    return !inside_ && accounted_.contains(slot);
  }

private:
#if defined(_WIN32)
  void ask(const mapped_image& image) noexcept; // own_stack_windows.cpp
#else
  TENURE_UNSANITIZED TENURE_NOT_INLINED void ask(const mapped_image& image) noexcept {
    asked_ = true;
    image_ = &image;
    ::_Unwind_Backtrace(&live_frames::visit, this);
  }

  TENURE_UNSANITIZED static _Unwind_Reason_Code visit(_Unwind_Context* frame, void* self) noexcept {
    return static_cast<live_frames*>(self)->see(frame) ? _URC_NO_REASON : _URC_NORMAL_STOP;
  }

  // One frame: its code's address, and the stack pointer that it had when it called the one before it.
  TENURE_UNSANITIZED bool see(_Unwind_Context* frame) noexcept {
    int interrupted = 0;
    const std::uintptr_t ip = ::_Unwind_GetIPInfo(frame, &interrupted);
    inside_ |= image_->executes(interrupted != 0 ? ip : ip - 1);
    const std::uintptr_t sp = ::_Unwind_GetCFA(frame);
    if (inside_ || interrupted != 0 || sp < accounted_.end) return false;
    if (accounted_.begin == 0) accounted_.begin = sp;
    accounted_.end = sp;
    return true;
  }
#endif

  address_range
      accounted_; // from the first frame's stack pointer to that of the last one whose caller is known
#if !defined(_WIN32)
  const mapped_image* image_ = nullptr;
#endif
  bool asked_ = false;
  bool inside_ = false; // a frame of the image is among them
};

} // namespace tenure::inline v1::os

#endif
