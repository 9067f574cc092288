// Where the test modules are.
#ifndef TENURE_TEST_MODULES_HPP
#define TENURE_TEST_MODULES_HPP

#include <cstdlib>
#include <string>

namespace tenure_test {

// The folder of the test modules; the tests are run with it in TENURE_TEST_MODULES.
inline std::string module_dir() {
  const char* const folder = std::getenv("TENURE_TEST_MODULES");
  return folder != nullptr ? folder : ".";
}

// A test module's path, undecorated: open() decorates it.
inline std::string module_path(const std::string& name) { return module_dir() + "/" + name; }

} // namespace tenure_test

#endif
