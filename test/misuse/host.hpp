// What all ways of loading have in common: where the modules of the corpus are, and what is really mapped.
#ifndef TENURE_TEST_MISUSE_HOST_HPP
#define TENURE_TEST_MISUSE_HOST_HPP

#include "verdict.hpp"

#include <filesystem>
#include <string>

namespace misuse {

// One child's: the folder of the modules, and one of its own, which the parent removes.
class host {
public:
  host(std::string modules, std::string scratch)
      : modules_(std::move(modules))
      , scratch_(std::move(scratch)) {}

  // The file of a module of the corpus.
  [[nodiscard]] std::string file(const std::string& name) const {
    return modules_ + "/libmisuse_" + name + ".so";
  }
  [[nodiscard]] std::string other_file(const std::string& name) const { return modules_ + "/" + name; }
  [[nodiscard]] std::string scratch(const std::string& name) const { return scratch_ + "/" + name; }
  // A copy of a module of the corpus: another file, so another module.
  std::string copy(const std::string& name, const std::string& as) const {
    std::filesystem::copy_file(file(name), scratch(as), std::filesystem::copy_options::overwrite_existing);
    return scratch(as);
  }
  // Puts another module in the place of a file, as installers do it.
  void replace(const std::string& path, const std::string& by_module) const {
    std::filesystem::rename(copy(by_module, "fresh.tmp"), path);
  }

private:
  std::string modules_, scratch_;
};

// True while the loader has an image whose file name contains `name`.
bool is_mapped(const std::string& name);

// Bytes of this process that are resident.
std::size_t resident_bytes();

} // namespace misuse

#endif
