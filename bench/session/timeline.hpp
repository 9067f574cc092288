// When each module was in which state, in ticks of the session.
#ifndef TENURE_BENCH_SESSION_TIMELINE_HPP
#define TENURE_BENCH_SESSION_TIMELINE_HPP

#include "plugin.hpp"

#include <tenure/report.hpp>

#include <cstdint>
#include <map>
#include <string_view>
#include <unordered_map>

namespace session {

enum class presence : unsigned char { gone, active, idle, lingering };

// From this tick on.
struct change {
  std::uint32_t tick = 0;
  presence to = presence::gone;
};

struct lingering {
  std::string path, name, reason, detail;
};

// Looks at a report at the end of each tick, when all threads stand still: it misses nothing, as a handle is
// held for a tick at least.
class timeline {
public:
  // Pre: outlived by `plugins`.
  explicit timeline(const std::vector<plugin>& plugins);

  void sample(std::uint32_t tick, const tenure::unload_report& report);
  // Of this plug-in at the last sample.
  [[nodiscard]] presence now(std::size_t plugin) const noexcept { return now_[plugin]; }
  // Keeps what lingers of a report, with its reason.
  void note_lingering(const tenure::unload_report& report);

  [[nodiscard]] const std::vector<std::vector<change>>& changes() const noexcept { return changes_; }
  // Modules that were mapped, by tick.
  [[nodiscard]] const std::vector<std::uint32_t>& resident() const noexcept { return resident_; }
  [[nodiscard]] std::uint64_t active_ticks() const noexcept { return active_ticks_; }
  [[nodiscard]] std::vector<lingering> lingered() const;

private:
  void note_one(const tenure::unload_entry& entry);

  const std::vector<plugin>& plugins_;
  std::unordered_map<std::string_view, std::uint32_t> index_; // by path
  std::vector<std::vector<change>> changes_;                  // of each plug-in
  std::vector<presence> now_;                                 // the states at the last sample
  std::vector<std::uint32_t> resident_;
  std::uint64_t active_ticks_ = 0;
  std::map<std::uint32_t, lingering> lingered_; // by plug-in
};

} // namespace session

#endif
