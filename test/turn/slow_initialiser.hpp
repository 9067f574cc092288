// A thread that stands in a module's initialiser until it is let go.
#ifndef TENURE_TEST_TURN_SLOW_INITIALISER_HPP
#define TENURE_TEST_TURN_SLOW_INITIALISER_HPP

#include "support/hook.hpp"

#include <tenure/tenure.hpp>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace tenure_test {

class slow_initialiser {
public:
  // `wait` is called in the initialiser, and says how it is held up.
  slow_initialiser(tenure::manager<tenure::policy::immediate>& modules, std::string file,
                   std::function<void()> wait)
      : wait_(std::move(wait))
      , hook_([this](const std::string&, module_event what) {
        if (what == module_event::initialised) stand();
      })
      , thread_([&modules, path = std::move(file)] { static_cast<void>(modules.open(path)); }) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return standing_; });
  }
  ~slow_initialiser() { let_go(); }
  slow_initialiser(const slow_initialiser&) = delete;
  slow_initialiser& operator=(const slow_initialiser&) = delete;

  void let_go() {
    {
      const std::scoped_lock lock(mutex_);
      may_go_on_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

private:
  void stand() {
    std::unique_lock lock(mutex_);
    standing_ = true;
    changed_.notify_all();
    if (!wait_) return changed_.wait(lock, [this] { return may_go_on_; });
    lock.unlock();
    wait_();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool standing_ = false;
  bool may_go_on_ = false;
  const std::function<void()> wait_;
  hook hook_;
  std::thread thread_;
};

} // namespace tenure_test

#endif
