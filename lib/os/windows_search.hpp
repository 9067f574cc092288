// Which library or symbol made a load fail: Windows' loader says only that one did.
#ifndef TENURE_LIB_OS_WINDOWS_SEARCH_HPP
#define TENURE_LIB_OS_WINDOWS_SEARCH_HPP

#include <string>
#include <vector>

namespace tenure::inline v1::os {

// Searches as the load did that has just failed, in the files only: nothing is loaded. Another thread or
// program may have changed the disk since: then nothing is found, and "" is the answer. Every function may
// throw std::bad_alloc.
class dependency_search {
public:
  // `path` is what the loader was given: absolute or a bare name.
  dependency_search(const std::string& path, bool legacy);

  [[nodiscard]] bool module_found() const noexcept { return !module_.empty(); }
  // The first library, in the loader's order, that is nowhere, among those needed by the module and by the
  // libraries in its folder.
  [[nodiscard]] std::string absent_library() const;
  // The first one that is there but is no library for this process.
  [[nodiscard]] std::string foreign_library() const;
  // The first symbol that the module imports and none of the libraries it needs exports.
  [[nodiscard]] std::string undefined_symbol() const;

private:
  using names = std::vector<std::string>;
  using judgement = bool (*)(const std::string& path);

  [[nodiscard]] std::string find(const std::string& name) const;
  [[nodiscard]] std::string first_bad(const std::string& module, judgement bad, names& seen) const;

  std::string folder_; // of the module; empty for a bare name
  bool legacy_;
  std::string module_; // where it is; empty if nowhere
};

} // namespace tenure::inline v1::os

#endif
