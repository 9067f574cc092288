// Threads that meet, without sleeping.
#ifndef TENURE_TEST_UNTIL_HPP
#define TENURE_TEST_UNTIL_HPP

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace tenure_test {

// Set once by one thread, awaited by others. A wait ends after a minute, so that a test fails instead of
// hanging.
class signal {
public:
  void set() {
    const std::lock_guard<std::mutex> lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] bool wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), [this] { return set_; });
  }
  [[nodiscard]] bool is_set() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return set_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

// Looks again and again, for a minute at most, until `holds`.
template <class Condition> [[nodiscard]] bool eventually(Condition&& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

} // namespace tenure_test

#endif
