// The plug-in: a function, and an object with a factory. Knows nothing of Tenure.
#include "greeter.hpp"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

class polite final : public greeter {
public:
  const char* greeting() const override { return "Grüß Gott"; }
};

} // namespace

// Not exported unless everything is.
int inside() { return 42; }
// One for the whole process, and so GCC marks it unique.
inline __attribute__((visibility("default"))) int calls = 0;

EXPORT int answer() {
  ++calls;
  return inside();
}
EXPORT greeter* make_greeter() { return new polite; }
EXPORT void free_greeter(greeter* g) { delete g; }
