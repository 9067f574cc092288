// A second thread that does nothing: with it glibc and libstdc++ count with locked instructions, as in most
// programs.
#ifndef TENURE_BENCH_SUPPORT_SLEEPING_THREAD_HPP
#define TENURE_BENCH_SUPPORT_SLEEPING_THREAD_HPP

#include <condition_variable>
#include <mutex>
#include <thread>

namespace bench {

class sleeping_thread {
public:
  sleeping_thread()
      : thread_([this] {
        std::unique_lock lock(mutex_);
        over_.wait(lock, [this] { return ended_; });
      }) {}
  sleeping_thread(const sleeping_thread&) = delete;
  sleeping_thread& operator=(const sleeping_thread&) = delete;
  ~sleeping_thread() {
    {
      const std::scoped_lock lock(mutex_);
      ended_ = true;
    }
    over_.notify_one();
    thread_.join();
  }

private:
  std::mutex mutex_; // guards ended_
  std::condition_variable over_;
  bool ended_ = false;
  std::thread thread_;
};

} // namespace bench

#endif
