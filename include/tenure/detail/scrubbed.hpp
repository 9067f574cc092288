// An address of a module that does not outlive its handle on the stack: what a dead local leaves in a frame looks, to
// the reference scan, like somebody who may still call it.
#ifndef TENURE_DETAIL_SCRUBBED_HPP
#define TENURE_DETAIL_SCRUBBED_HPP

namespace tenure::inline v1::detail {

template <class T> class scrubbed {
public:
  constexpr scrubbed() noexcept = default;
  constexpr scrubbed(T* address) noexcept // NOLINT(google-explicit-constructor): as a pointer
      : address_(address) {}
  constexpr scrubbed(const scrubbed&) noexcept = default;
  constexpr scrubbed& operator=(const scrubbed&) noexcept = default;
  ~scrubbed() {
    address_ = nullptr;
#if defined(__GNUC__)
    __asm__ volatile("" : : "m"(address_)); // else the store is left out: nobody reads it
#endif
  }
  constexpr operator T*() const noexcept { return address_; } // NOLINT(google-explicit-constructor): as a pointer

private:
  T* address_ = nullptr;
};

} // namespace tenure::inline v1::detail

#endif
