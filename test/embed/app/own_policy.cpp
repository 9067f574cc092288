// The application's own policy decides: the plug-in that was used twice stays, the other one goes.
#include "rarely_used.hpp"

#include <tenure/tenure.hpp>

#include <cstdio>

namespace {

using manager = tenure::manager<policy::rarely_used<1>>;

void use(manager& modules, const char* name) {
  std::printf("%s says %d\n", name, modules.open(name).symbol<int()>("answer")());
}

void tell(manager& modules, const char* name) {
  std::printf("%s is %s\n", name, modules.open_if_loaded(name) ? "loaded" : "gone");
}

} // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  manager modules;
  modules.add_search_path(arguments[1]);
  use(modules, "greeter");
  use(modules, "greeter");
  use(modules, "parrot");
  tell(modules, "greeter");
  tell(modules, "parrot");
  return modules.final_close().all_gone() ? 0 : 1;
}
