// Tells its host when it is initialised and finalised, and calls what the host asks it to.
#include "interface.hpp"

#include <cstdlib>

namespace {

// The host puts the hook's address into the environment: a module cannot link against its host on every
// system.
module_hook* the_hook() {
  const char* const address = std::getenv(hook_variable);
  return address != nullptr ? reinterpret_cast<module_hook*>(std::strtoull(address, nullptr, 10)) : nullptr;
}

struct announcer {
  module_hook* hook = the_hook(); // kept: the finaliser must reach the host that the initialiser reached
  announcer() { tell(module_event::initialised); }
  // Not at the end of a process that kept us loaded: the hook is gone then, or is another one.
  ~announcer() {
    if (hook == the_hook()) tell(module_event::finalised);
  }
  void tell(module_event what) const {
    if (hook != nullptr) hook->call(hook->context, TEST_MODULE_NAME, what);
  }
};

announcer the_announcer;

} // namespace

TEST_EXPORT int answer() { return 42; }

// Calls the host back, so that this module's code is on the stack meanwhile.
TEST_EXPORT int call_back(void (*function)(void*), void* context) {
  function(context);
  return 1; // not a tail call
}
