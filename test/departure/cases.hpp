// The corpus: situations whose truth is known by construction.
#ifndef TENURE_TEST_DEPARTURE_CASES_HPP
#define TENURE_TEST_DEPARTURE_CASES_HPP

#include "loaded_module.hpp"
#include "module.hpp"
#include "observer.hpp"

#include <vector>

namespace departure {

struct test_case {
  const char* name;
  os::stack_evidence expected;
  void (*run)(const loaded_module&, observer&);
};

std::vector<test_case> call_cases();      // every way to call the host, and none
std::vector<test_case> exception_cases(const loaded_module& module); // in flight here, there, or not at all
std::vector<test_case> system_cases();    // signals or hardware exceptions, alternate stacks, fibers, threads

} // namespace departure

#endif
