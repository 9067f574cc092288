// A number that a child counts up and its parent shows.
#ifndef TENURE_BENCH_SUPPORT_SHARED_COUNTER_HPP
#define TENURE_BENCH_SUPPORT_SHARED_COUNTER_HPP

#include <atomic>
#include <cstdint>
#include <new>

#include <sys/mman.h>

namespace bench {

class shared_counter {
public:
  shared_counter()
      : value_(static_cast<std::atomic<std::uint32_t>*>(mmap(nullptr, sizeof(std::atomic<std::uint32_t>),
                                                             PROT_READ | PROT_WRITE,
                                                             MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    if (value_ == MAP_FAILED) throw std::bad_alloc();
    new (value_) std::atomic<std::uint32_t>(0);
  }
  shared_counter(const shared_counter&) = delete;
  shared_counter& operator=(const shared_counter&) = delete;
  ~shared_counter() { munmap(value_, sizeof *value_); }
  // Relaxed, with get(): the number is shown, nothing else hangs on it.
  void set(std::uint32_t n) { value_->store(n, std::memory_order_relaxed); }
  // Relaxed, with get().
  void step() { value_->fetch_add(1, std::memory_order_relaxed); }
  // Relaxed, with set() and step().
  [[nodiscard]] std::uint32_t get() const { return value_->load(std::memory_order_relaxed); }

private:
  std::atomic<std::uint32_t>* value_; // the child writes, the parent reads
};

} // namespace bench

#endif
