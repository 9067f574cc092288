// What the scenarios share: a folder with plug-ins, a manager, a record of what happened.
#ifndef TENURE_TEST_SCENARIOS_PARTS_HPP
#define TENURE_TEST_SCENARIOS_PARTS_HPP

#include "scenarios/parts/interface.hpp"
#include "support/closed.hpp"
#include "support/scratch.hpp"

#include <tenure/controller.hpp>
#include <tenure/tenure.hpp>
#include <tenure/token.hpp>

#include <mutex>
#include <string>
#include <vector>

namespace scenarios {

// What happened, in order; from any thread.
class diary {
public:
  void write(std::string what) {
    const std::lock_guard<std::mutex> lock(mutex_);
    lines_.push_back(std::move(what));
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return lines_;
  }
  [[nodiscard]] std::size_t size() const { return lines().size(); }

private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

inline const char* word_for(tenure::final_reason why) {
  constexpr const char* words[] = {"last revoke", "shut down", "container ended"};
  return words[static_cast<std::size_t>(why)];
}

// A final hook that writes the reason into a diary.
inline tenure::final_hook tells(diary& d) {
  return {[](void* context, const tenure::final_revoke& what) noexcept {
            static_cast<diary*>(context)->write(word_for(what.why));
          },
          &d};
}

// As a file of that name is called here.
inline std::string file_name(const std::string& name) { return name + tenure_test::module_suffix("part_a"); }

template <class Policy = tenure::policy::immediate> struct world {
  tenure_test::scratch folder;
  std::string a = folder.copy("part_a");
  std::string b = folder.copy("part_b");
  tenure::manager<Policy> modules;

  world() = default;
  explicit world(const tenure::manager_options& options)
      : modules(options) {}
  [[nodiscard]] bool loaded(const std::string& file) const { return tenure_test::is_loaded(modules, file); }
};

} // namespace scenarios

#endif
