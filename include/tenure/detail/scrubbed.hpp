// Addresses of a module that the reference scan is not to take for somebody who may still call it.
#ifndef TENURE_DETAIL_SCRUBBED_HPP
#define TENURE_DETAIL_SCRUBBED_HPP

#include <cstdint>

namespace tenure::inline v1::detail {

// One beside a handle, which ends before it: what a dead local leaves in a frame is not it.
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

// One that holds nothing, and is used only while somebody else holds the module: not stored as it is.
template <class T> [[nodiscard]] std::uintptr_t masked_bits(T* address) noexcept {
  return ~reinterpret_cast<std::uintptr_t>(address);
}
[[nodiscard]] inline void* unmasked(std::uintptr_t bits) noexcept { return reinterpret_cast<void*>(~bits); }

template <class T> class masked {
public:
  constexpr masked() noexcept = default;
  masked(T* address) noexcept // NOLINT(google-explicit-constructor): as a pointer
      : bits_(masked_bits(address)) {}
  operator T*() const noexcept { return reinterpret_cast<T*>(~bits_); } // NOLINT(google-explicit-constructor)

private:
  std::uintptr_t bits_ = ~std::uintptr_t{0};
};

} // namespace tenure::inline v1::detail

#endif
