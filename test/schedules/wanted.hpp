// How thoroughly the schedules are searched.
#ifndef TENURE_TEST_WANTED_HPP
#define TENURE_TEST_WANTED_HPP

#include <cstddef>
#include <cstdlib>

namespace tenure_test {

// As many different schedules as each case must survive. test/run asks for 100,000 in CI.
inline std::size_t wanted() {
  const char* const text = std::getenv("TENURE_SCHEDULES");
  return text != nullptr ? static_cast<std::size_t>(std::atoll(text)) : 2'000;
}

} // namespace tenure_test

#endif
