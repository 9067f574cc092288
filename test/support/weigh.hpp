// A policy that looks at how much address space a module takes.
#ifndef TENURE_TEST_SUPPORT_WEIGH_HPP
#define TENURE_TEST_SUPPORT_WEIGH_HPP

#include <tenure/policy.hpp>

namespace tenure_test {

// Closes at once, and notes how large the module was.
class weigh {
public:
  explicit weigh(std::size_t* bytes) noexcept
      : bytes_(bytes) {}
  void idled(tenure::idle_module& m, tenure::time_point, tenure::idle_list& victims) noexcept {
    *bytes_ = m.mapped_bytes();
    victims.push_back(m);
  }
  void revived(tenure::idle_module&) noexcept {}
  void sweep(const tenure::sweep_request&, tenure::idle_list&) noexcept {}
  void drain(tenure::idle_list&) noexcept {}
  [[nodiscard]] tenure::time_point next_due() const noexcept { return tenure::never; }

private:
  std::size_t* bytes_;
};

} // namespace tenure_test

#endif
