#include "stage.hpp"

#include <tenure/tenure.hpp>

#include <string>

namespace session {
namespace {

namespace policy = tenure::policy;

// In session time; the library's own defaults are minutes, made for sessions of hours.
constexpr tenure::duration patience = tenure::seconds(4);
constexpr std::size_t idle_limit = 2U << 20U; // bytes

template <class Policy> Policy make_policy() {
  if constexpr (std::is_same_v<Policy, policy::periodic_sweep>)
    return Policy(patience);
  else
    return Policy();
}

template <class Policy> class stage_of final : public stage {
public:
  explicit stage_of(const tenure::manager_options& options)
      : manager_(make_policy<Policy>(), options) {}
  tenure::module open(const std::string& path) override { return manager_.open(path); }
  void sweep() override { (void)manager_.sweep(); }
  tenure::unload_report report() const override { return manager_.report(); }
  tenure::unload_report final_close() override { return manager_.final_close(); }
  tenure::manager_stats stats() const override { return manager_.stats(); }

private:
  tenure::manager<Policy> manager_;
};

template <class Policy> std::unique_ptr<stage> make(const tenure::manager_options& options) {
  return std::make_unique<stage_of<Policy>>(options);
}

constexpr policy_entry entries[] = {
    {"immediate", "closes at the last release", false, make<policy::immediate>},
    {"deferred_one", "closes at the next last release", false, make<policy::deferred_one>},
    {"deferred<4>", "closes four last releases later", false, make<policy::deferred<4>>},
    {"keep_warm<8, 4 s>", "keeps 8 idle ones, each for 4 s", false, make<policy::keep_warm<8, patience>>},
    {"periodic_sweep 4 s", "closes at a sweep, 4 s after one saw it idle", false,
     make<policy::periodic_sweep>},
    {"adaptive", "weighs loads against idle memory", false, make<policy::adaptive>},
    {"limit_idle_bytes 2 MiB", "keeps 2 MiB of idle ones", false,
     make<policy::limit_idle_bytes<policy::final_close, idle_limit>>},
    {"final_close", "closes at the end", false, make<policy::final_close>},
    {"resident", "never closes", true, make<policy::resident>},
};

} // namespace

std::span<const policy_entry> all_policies() noexcept { return entries; }

} // namespace session
