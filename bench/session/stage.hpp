// A manager under one of the policies, seen by a replay that does not know which.
#ifndef TENURE_BENCH_SESSION_STAGE_HPP
#define TENURE_BENCH_SESSION_STAGE_HPP

#include <tenure/module.hpp>
#include <tenure/options.hpp>
#include <tenure/report.hpp>

#include <memory>
#include <span>

namespace session {

// Threads: as tenure::manager.
class stage {
public:
  stage() = default;
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;
  virtual ~stage() = default;
  [[nodiscard]] virtual tenure::module open(const std::string& path) = 0;
  virtual void sweep() = 0;
  [[nodiscard]] virtual tenure::unload_report report() const = 0;
  [[nodiscard]] virtual tenure::unload_report final_close() = 0;
  [[nodiscard]] virtual tenure::manager_stats stats() const = 0;
};

struct policy_entry {
  const char* name;
  const char* rule; // when it closes modules, in a few words
  bool keeps_pages; // final_close() leaves all mapped
  std::unique_ptr<stage> (*make)(const tenure::manager_options& options);
};

// Every policy, from the one that closes soonest to the one that never does.
[[nodiscard]] std::span<const policy_entry> all_policies() noexcept;

} // namespace session

#endif
