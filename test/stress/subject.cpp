// A plug-in with something of everything: functions, a variable, objects, an exception, hooks and a vote, and
// word to its host when it comes and goes.
#include "modules/interface.hpp"

#include <tenure/plugin.hpp>

#include <cstdlib>
#include <stdexcept>

namespace {

// The host's, found by its address in the environment; see hooked.cpp.
module_hook* find_hook() {
  const char* const address = std::getenv(hook_variable);
  return address != nullptr ? reinterpret_cast<module_hook*>(std::strtoull(address, nullptr, 10)) : nullptr;
}

struct announcer {
  module_hook* hook = find_hook();
  announcer() { tell(module_event::initialised); }
  ~announcer() {
    if (hook == find_hook()) tell(module_event::finalised); // not at the end of a process that kept us
  }
  void tell(module_event what) const {
    if (hook != nullptr) hook->call(hook->context, "subject", what);
  }
};
announcer the_announcer;

class counted_widget final : public widget, tenure::plugin::counted<> {
public:
  [[nodiscard]] int value() const override { return 42; }
};

struct own_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

} // namespace

#if defined(SUBJECT_TALKS)
TENURE_PLUGIN("subject", "1.0", "nobody", "Something of everything", 0);
TENURE_PLUGIN_LIFE(tenure::plugin::accept, tenure::plugin::nothing)
#endif

TEST_EXPORT int version;
int version = 7;
TEST_EXPORT int answer() { return 42; }
TEST_EXPORT widget* make_widget() { return new counted_widget; }
TEST_EXPORT void throw_own() { throw own_error("as asked"); }
// Calls the host back, so that this module's code is on the stack meanwhile.
TEST_EXPORT int call_back(void (*function)(void*), void* context) {
  function(context);
  return 1; // not a tail call
}
