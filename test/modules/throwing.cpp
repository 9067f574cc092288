// Throws from an initialiser.
#include <stdexcept>

namespace {
struct thrower {
  thrower() { throw std::runtime_error("not today"); }
};
thrower the_thrower;
} // namespace
