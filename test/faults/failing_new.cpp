#include "faults/failing_new.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

thread_local int until_failure = 0; // 0: not armed
thread_local bool refused = false;
thread_local long in_use = 0;

bool refuses() noexcept {
  if (until_failure == 0 || --until_failure != 0) return false;
  refused = true;
  return true;
}

void* allocate(std::size_t size, std::size_t alignment) noexcept {
  if (refuses()) return nullptr;
  ++in_use;
  if (alignment <= alignof(std::max_align_t)) return std::malloc(size == 0 ? 1 : size);
#if defined(_WIN32)
  return _aligned_malloc(size, alignment);
#else
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
#endif
}

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  if (void* const memory = allocate(size, alignment)) return memory;
  throw std::bad_alloc();
}

void free_block(void* memory) noexcept {
  if (memory != nullptr) --in_use;
  std::free(memory);
}

void free_aligned(void* memory, std::size_t alignment) noexcept {
#if defined(_WIN32)
  if (memory != nullptr && alignment > alignof(std::max_align_t)) {
    --in_use;
    return _aligned_free(memory);
  }
#endif
  static_cast<void>(alignment);
  free_block(memory);
}

constexpr std::size_t usual = alignof(std::max_align_t);
constexpr std::size_t value(std::align_val_t alignment) { return static_cast<std::size_t>(alignment); }

} // namespace

namespace tenure_test {

void fail_allocation(int n) noexcept {
  until_failure = n;
  refused = false;
}
bool stop_failing() noexcept {
  until_failure = 0;
  return refused;
}
long blocks_in_use() noexcept { return in_use; }

} // namespace tenure_test

void* operator new(std::size_t size) { return allocate_or_throw(size, usual); }
void* operator new[](std::size_t size) { return allocate_or_throw(size, usual); }
void* operator new(std::size_t size, std::align_val_t a) { return allocate_or_throw(size, value(a)); }
void* operator new[](std::size_t size, std::align_val_t a) { return allocate_or_throw(size, value(a)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, usual); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, usual); }
void* operator new(std::size_t size, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate(size, value(a));
}
void* operator new[](std::size_t size, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate(size, value(a));
}
void operator delete(void* memory) noexcept { free_block(memory); }
void operator delete[](void* memory) noexcept { free_block(memory); }
void operator delete(void* memory, std::size_t) noexcept { free_block(memory); }
void operator delete[](void* memory, std::size_t) noexcept { free_block(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { free_block(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { free_block(memory); }
void operator delete(void* memory, std::align_val_t a) noexcept { free_aligned(memory, value(a)); }
void operator delete[](void* memory, std::align_val_t a) noexcept { free_aligned(memory, value(a)); }
void operator delete(void* memory, std::size_t, std::align_val_t a) noexcept {
  free_aligned(memory, value(a));
}
void operator delete[](void* memory, std::size_t, std::align_val_t a) noexcept {
  free_aligned(memory, value(a));
}
