#ifndef TENURE_TEST_SUPPORT_STRATEGY_HPP
#define TENURE_TEST_SUPPORT_STRATEGY_HPP

#include "support/scheduler.hpp"

#include <bit>
#include <memory>

/// Who goes on: the one decision of a schedule, apart from the fibers it is made for.
namespace tenure_test::schedule {

using fiber_mask = std::uint32_t;

constexpr fiber_mask only(unsigned fiber) { return fiber_mask{1} << fiber; }
constexpr unsigned lowest(fiber_mask some) { return static_cast<unsigned>(std::countr_zero(some)); }

/// Why the current fiber asks.
enum class reason : std::uint8_t {
  goes_on, ///< it could as well continue, and is among `ready`
  yields,  ///< it could, but waits for others by looking; not among `ready`
  stopped, ///< it is blocked or has ended, or none has begun; not among `ready`
};

struct choice_point {
  fiber_mask ready;    ///< never empty
  fiber_mask spurious; ///< wait for a notification, and could wake without one; disjoint from `ready`
  unsigned current;
  reason why;
  std::size_t step;
};

/// Asked only where there is more than one answer.
class chooser {
public:
  virtual ~chooser() = default;
  /// `longest`: steps of the longest schedule so far, 0 at first.
  virtual void begin(std::size_t schedule, unsigned fibers, std::size_t longest) = 0;
  virtual unsigned pick(const choice_point& here) = 0;
  /// Told of every yield, also of those that leave no choice.
  virtual void yielded(unsigned /*fiber*/) {}
  /// After a schedule: prepares another one, or says that there is none.
  virtual bool advance() { return true; }
};

/// A replay goes before the strategy. After the end of its list (a case that has grown) it goes on with who
/// ran.
std::unique_ptr<chooser> make_chooser(const options& chosen);

/// One character per choice: 0-9, then a-v.
constexpr char encode(unsigned fiber) { return "0123456789abcdefghijklmnopqrstuv"[fiber]; }

} // namespace tenure_test::schedule

#endif
