// Uses one plug-in of the folder that it is given, in each way that there is, and prints what came of it.
#include "greeter.hpp"
#include "print_report.hpp"

#include <tenure/tenure.hpp>

#include <cstdio>

namespace {

void use(tenure::manager<>& modules) {
  const tenure::module plugin = modules.open("greeter");
  std::printf("answer: %d\n", plugin.symbol<int()>("answer")());
  const auto g = plugin.create<greeter>({"make_greeter", "free_greeter"});
  std::printf("greeting: %s\n", g->greeting());
}

// An error that the library threw is caught by its type: that has to be the same on both sides.
void ask_for_what_is_not_there(tenure::manager<>& modules) {
  try {
    static_cast<void>(modules.open("no-such-greeter"));
  } catch (const tenure::error&) {
    std::puts("refused: no-such-greeter");
  }
}

} // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  tenure::manager<> modules;
  modules.add_search_path(arguments[1]);
  use(modules);
  ask_for_what_is_not_there(modules);
  static_cast<void>(modules.sweep());
  const tenure::unload_report report = modules.final_close();
  print_report(report);
  return report.all_gone() ? 0 : 1;
}
