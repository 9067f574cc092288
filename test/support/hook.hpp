// The host's side of hooked modules: a function per event, called from the module's initialiser and
// finaliser.
#ifndef TENURE_TEST_HOOK_HPP
#define TENURE_TEST_HOOK_HPP

#include "modules/interface.hpp"

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>

namespace tenure_test {

inline void set_environment(const char* name, const std::string& value) {
#if defined(_WIN32)
  _putenv_s(name, value.c_str());
#else
  ::setenv(name, value.c_str(), 1);
#endif
}

// While it lives, hooked modules that are loaded call `on_event`. Made before threads are: the environment is
// not safe to change beside readers. Must outlive the modules.
class hook {
public:
  explicit hook(std::function<void(const std::string& module, module_event)> on_event)
      : on_event_(std::move(on_event)) {
    set_environment(hook_variable, std::to_string(reinterpret_cast<std::uintptr_t>(&hook_)));
  }
  hook(const hook&) = delete;
  hook& operator=(const hook&) = delete;
  ~hook() { set_environment(hook_variable, "0"); }

private:
  static void call(void* context, const char* module, module_event what) {
    static_cast<hook*>(context)->on_event_(module, what);
  }

  std::function<void(const std::string&, module_event)> on_event_;
  module_hook hook_{call, this};
};

} // namespace tenure_test

#endif
