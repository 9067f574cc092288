// A system for the schedule tests: files that exist, a loader with a lock of its own, initialisers and
// finalisers that are functions of the test. It notices what a real loader would punish: a close too many, a
// module used when it is not mapped.
#ifndef TENURE_TEST_FAKE_SYSTEM_HPP
#define TENURE_TEST_FAKE_SYSTEM_HPP

#include <tenure/plugin.h>

#include <functional>
#include <map>
#include <string>

namespace tenure_test {

struct fake_module {
  std::string path;
  int system_references = 0;
  int times_loaded = 0;
  int times_unloaded = 0;
  std::function<void()> initialiser = nullptr;
  std::function<void()> finaliser = nullptr;
  std::function<bool()> vote = nullptr; // tenure_can_unload; null: a plain module
  const tenure_host* host = nullptr;    // of a module that votes, as tenure_loaded was given it
};

struct fake_system {
  std::map<std::string, fake_module> files;
  bool all_ended = false; // no thread but the one that asks is left

  fake_system();
  ~fake_system();
  fake_system(const fake_system&) = delete;
  fake_system& operator=(const fake_system&) = delete;

  void add(const std::string& path) { files[path].path = path; }
  // Fails the schedule unless the module is mapped.
  void use(const std::string& path) const;
  [[nodiscard]] int mapped() const;
};

} // namespace tenure_test

#endif
