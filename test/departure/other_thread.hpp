// Threads whose place is known by construction, for the tests of the departure check's level `threads`.
#ifndef TENURE_TEST_DEPARTURE_OTHER_THREAD_HPP
#define TENURE_TEST_DEPARTURE_OTHER_THREAD_HPP

#include "loaded_module.hpp"
#include "module.hpp"
#include "observer.hpp"
#include "os/call_site.hpp"
#include "os/other_threads.hpp"
#include "support/until.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace departure {

using os::scan_other_threads;
using os::thread_evidence;
using os::thread_finding;

// By each system's own tests.
std::uint64_t this_thread_number() noexcept;
std::size_t open_descriptors(); // files, handles
int last_error() noexcept;      // errno, GetLastError
void set_last_error(int value) noexcept;
extern const bool waits_have_room; // in their frames, where leftovers of earlier calls survive

// All variants of the corpus's module, loaded once for the whole program.
const std::vector<std::unique_ptr<loaded_module>>& modules();
inline const loaded_module& any_module() { return *modules().front(); }

// A thread that does something until it is told to stop, and says when it is there.
class busy_thread {
public:
  using body = std::function<void(busy_thread&)>;

  explicit busy_thread(body what)
      : what_(std::move(what))
      , thread_([this] {
        number_ = this_thread_number();
        what_(*this);
      }) {}
  busy_thread(const busy_thread&) = delete;
  busy_thread& operator=(const busy_thread&) = delete;
  ~busy_thread() {
    stop();
    thread_.join();
  }

  // For the body.
  void arrive() { arrived_.set(); }
  [[nodiscard]] bool may_go_on() const noexcept { return stop_.load() == 0; }
  void wait() { (void)stopped_.wait(); }
  [[nodiscard]] const volatile int& stop_flag() const noexcept { return stop_flag_; }

  // For the test.
  [[nodiscard]] bool is_there() { return arrived_.wait(); }
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  void stop() {
    stop_flag_ = 1;
    stop_ = 1;
    stopped_.set();
  }

private:
  tenure_test::signal arrived_, stopped_;
  std::atomic<int> stop_{0};
  volatile int stop_flag_ = 0; // as the module wants it
  std::atomic<std::uint64_t> number_{0};
  body what_;
  std::thread thread_; // last: it uses the others
};

// Runs a step as the callback of `function`, which is one of the module's that call back.
inline void call_through(const loaded_module& module, const char* function, std::function<void()> step) {
  module.function<call_function>(function)([](void* self) { (*static_cast<std::function<void()>*>(self))(); },
                                           &step);
}

inline busy_thread::body inside(const loaded_module& module, const char* function, busy_thread::body step) {
  return
      [&module, function, step](busy_thread& self) { call_through(module, function, [&] { step(self); }); };
}

inline void arrive_and_wait(busy_thread& self) {
  self.arrive();
  self.wait();
}

inline void arrive_and_spin(busy_thread& self) {
  self.arrive();
  while (self.may_go_on()) continue;
}

// A scan in which each thread answered: on a busy machine one may come too late.
inline thread_finding scan_answered(const os::mapped_image& image) {
  constexpr int patience = 50;
  thread_finding found = scan_other_threads(image);
  for (int i = 0; i != patience && found.evidence == thread_evidence::no_answer; ++i)
    found = scan_other_threads(image);
  return found;
}

// True if the finding is about that thread, and its evidence is what it says.
inline bool is_inside(const thread_finding& found, const busy_thread& thread, const loaded_module& module) {
  return (found.evidence == thread_evidence::return_address ||
          found.evidence == thread_evidence::executing_code) &&
         found.thread == thread.number() && module.image().executes(found.address);
}

} // namespace departure

#endif
