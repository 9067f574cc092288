// A module that leaves things behind: exceptions of its own, threads in its code, pointers in its host's memory.
#include "interface.hpp"

#include <atomic>
#include <exception>
#include <functional>
#include <stdexcept>

namespace {

struct own_error : std::exception {
  [[nodiscard]] const char* what() const noexcept override { return "the module's own words"; }
};

} // namespace

TEST_EXPORT int fail() { throw own_error(); }
TEST_EXPORT int fail_plainly() { throw 7; }

// Makes its object fail to be made.
TEST_EXPORT widget* make_failing() { throw own_error(); }

// Stays in the module's code until the host says that it may leave.
TEST_EXPORT int stay(const std::atomic<bool>* leave, std::atomic<bool>* inside) {
  *inside = true;
  while (!*leave) {
  }
  return 1;
}

TEST_EXPORT void leave_function(std::function<int()>* there) {
  *there = [] { return 42; };
}

TEST_EXPORT void end_of_the_world() {}
