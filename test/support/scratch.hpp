// A folder of its own for a test, with copies of the test modules: a copy is another file, so another module.
// Paths are UTF-8.
#ifndef TENURE_TEST_SCRATCH_HPP
#define TENURE_TEST_SCRATCH_HPP

#include "support/modules.hpp"

#include <string>

namespace tenure_test {

// Whether the system refuses to delete a loaded module's file and to put another one in its place. All
// systems let it be renamed.
#if defined(_WIN32)
inline constexpr bool locks_loaded_files = true;
#else
inline constexpr bool locks_loaded_files = false;
#endif

// The file of a module that was built into `folder`, decorated as the build system did it; empty if there is
// none.
std::string built_file(const std::string& folder, const std::string& name);

// The file of a test module.
std::string module_file(const std::string& name);

// What the system's modules end in; a bare name is decorated with it. Told by a test module.
std::string module_suffix(const std::string& of = "basic");

// Removed with all that is in it at the end of its scope.
class scratch {
public:
  scratch();
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch();

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string path(const std::string& name) const;

  // A copy of the test module `name`; its path.
  [[nodiscard]] std::string copy(const std::string& name) const { return take(module_file(name)); }
  [[nodiscard]] std::string copy(const std::string& name, const std::string& as) const;
  // A copy of any file, with its name.
  [[nodiscard]] std::string take(const std::string& file) const;
  // Puts another file in the place of one that may be loaded, as installers do it.
  void replace(const std::string& file, const std::string& by_module) const;
  // Nothing is left at the place of a file that may be loaded: as uninstallers do it.
  void take_away(const std::string& file) const;
  std::string write(const std::string& name, const std::string& bytes) const;

private:
  std::string folder_;
};

} // namespace tenure_test

#endif
