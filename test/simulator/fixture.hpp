// Traces and policies of the simulator, in tests.
#ifndef TENURE_TEST_SIMULATOR_FIXTURE_HPP
#define TENURE_TEST_SIMULATOR_FIXTURE_HPP

#include "simulate/player.hpp"

#include <tenure/policies/adaptive.hpp>

#include <utility>
#include <vector>

namespace tenure_test {

// The first `most` openings of a list.
class listed_trace final : public simulate::trace {
public:
  listed_trace(const std::vector<simulate::opening>& all, std::size_t most, std::uint32_t modules)
      : all_(all)
      , most_(most)
      , modules_(modules) {}
  void begin() override { place_ = 0; }
  bool next(simulate::opening& o) override {
    if (place_ == most_) return false;
    o = all_[place_++];
    return true;
  }
  [[nodiscard]] std::uint32_t modules() const override { return modules_; }

private:
  const std::vector<simulate::opening>& all_;
  std::size_t most_, place_ = 0;
  std::uint32_t modules_;
};

// What the policy costs, in offline optima. It is swept whenever it says so.
template <class Policy>
double ratio(simulate::trace& t, const std::vector<simulate::module_cost>& costs, Policy policy = {}) {
  simulate::player<Policy> one(std::move(policy), costs, tenure::duration());
  return one.play(t).cost / simulate::bounds_of(t, costs).optimum.cost;
}

} // namespace tenure_test

#endif
