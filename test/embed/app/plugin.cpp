// The plug-in: a function, and an object with a factory. Knows nothing of Tenure.
#include "greeter.hpp"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

class polite final : public greeter {
public:
  const char* greeting() const override { return "Grüß Gott"; }
};

} // namespace

EXPORT int answer() { return 42; }
EXPORT greeter* make_greeter() { return new polite; }
EXPORT void free_greeter(greeter* g) { delete g; }
