// Time that passes when the test says so.
#ifndef TENURE_TEST_VIRTUAL_CLOCK_HPP
#define TENURE_TEST_VIRTUAL_CLOCK_HPP

#include <tenure/options.hpp>

namespace tenure_test {

class virtual_clock {
public:
  explicit virtual_clock(tenure::time_point start = tenure::seconds(1'000))
      : now_(start) {}
  virtual_clock(const virtual_clock&) = delete;
  virtual_clock& operator=(const virtual_clock&) = delete;

  void advance(tenure::duration by) { now_ = now_ + by; }
  [[nodiscard]] tenure::time_point now() const { return now_; }

  // For a manager that must not outlive the clock.
  [[nodiscard]] tenure::manager_options options() {
    tenure::manager_options o;
    o.clock.now = [](void* self) noexcept { return static_cast<virtual_clock*>(self)->now_; };
    o.clock.context = this;
    return o;
  }

private:
  tenure::time_point now_;
};

} // namespace tenure_test

#endif
