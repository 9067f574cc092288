// A program with modules in several states, for the debugger to look at.
#include <tenure/tenure.hpp>

#include <cstdio>
#include <string>

extern "C" [[gnu::noinline]] void stop_here() { std::puts("stopped"); }

static void look_at(const tenure::module& basic, const tenure::module& none,
                    const tenure::weak_module& second, const tenure::weak_module& gone,
                    const tenure::pin& stay, const tenure::manager<>& modules) {
  stop_here();
  static_cast<void>(basic), static_cast<void>(none), static_cast<void>(second), static_cast<void>(gone);
  static_cast<void>(stay), static_cast<void>(modules);
}

int main(int, char** arguments) {
  const std::string folder = arguments[1];
  tenure::manager<> modules;
  tenure::manager<tenure::policy::immediate> others;
  const tenure::module none;
  tenure::weak_module gone = others.open(folder + "/third"); // closed at once
  const tenure::module basic = modules.open(folder + "/basic");
  const tenure::module copy = basic;
  const tenure::pin stay = basic.pin();
  const tenure::weak_module second = modules.open(folder + "/second"); // idle from here on
  look_at(basic, none, second, gone, stay, modules);
  return copy ? 0 : 1;
}
