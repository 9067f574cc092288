// Usage: exit_test CASE : a program that ends with modules loaded. Nothing may be unmapped, hang or crash on
// the way out. Cases: early (the manager is older than the first load), late (it is younger), handle (a
// handle alone is left), opened (the handle is a static object that its open has made), elsewhere (the same,
// and another thread ends the program).
#include "support/mapped.hpp"
#include "support/modules.hpp"
#include "support/scratch.hpp"

#include <tenure/tenure.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

namespace {

// Made first, so destroyed last: looks whether the module is still there.
struct last_look {
  std::string file;
  ~last_look() {
    if (tenure_test::is_mapped(file)) return;
    std::fputs("the module was unmapped on the way out\n", stderr);
    std::_Exit(1);
  }
};

last_look look;

template <class P> tenure::manager<P>& the_manager() {
  static tenure::manager<P> modules;
  return modules;
}

// Its destructor runs before any handler that the open has registered.
void leave_a_static_handle(const std::string& file) {
  static tenure::manager<tenure::policy::immediate> modules;
  static const tenure::module left = modules.open(file);
  static_cast<void>(left);
}

template <class P> void leave_idle(const std::string& file) {
  static_cast<void>(the_manager<P>().open(file));
}

} // namespace

int main(int argc, char** argv) {
  const std::string_view which = argc > 1 ? argv[1] : "";
  const std::string file = tenure_test::module_file("basic");
  look.file = file;
  if (which == "late") { // an earlier load of another manager: the library knows of the process's end already
    tenure::manager<> other;
    static_cast<void>(other.open(tenure_test::module_file("second")));
  }
  if (which == "handle") {
    static tenure::module left;
    left = tenure::manager<>().open(file);
    return 0;
  }
  if (which == "opened") {
    leave_a_static_handle(file);
    return 0;
  }
  if (which == "elsewhere") {
    leave_a_static_handle(file);
    std::thread([] { std::exit(0); }).join(); // NOLINT(concurrency-mt-unsafe): this one waits
  }
  the_manager<tenure::policy::deferred_one>();
  leave_idle<tenure::policy::deferred_one>(file);
  leave_idle<tenure::policy::final_close>(file);
  leave_idle<tenure::policy::keep_warm<>>(file);
  return 0;
}
