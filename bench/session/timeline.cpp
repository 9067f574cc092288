#include "timeline.hpp"

#include <algorithm>

namespace session {
namespace {

presence presence_of(const tenure::unload_entry& entry) noexcept {
  if (entry.references != 0) return presence::active;
  return entry.outcome == tenure::unload_outcome::lingering ? presence::lingering : presence::idle;
}

} // namespace

timeline::timeline(const std::vector<plugin>& plugins)
    : plugins_(plugins)
    , changes_(plugins.size())
    , now_(plugins.size()) {
  for (std::uint32_t i = 0; i != plugins.size(); ++i) index_.emplace(plugins[i].path, i);
}

void timeline::sample(std::uint32_t tick, const tenure::unload_report& report) {
  std::fill(now_.begin(), now_.end(), presence::gone);
  for (const tenure::unload_entry& entry : report) {
    const auto at = index_.find(entry.path);
    if (at != index_.end()) now_[at->second] = presence_of(entry);
  }
  note_lingering(report);
  for (std::size_t i = 0; i != now_.size(); ++i) {
    const presence before = changes_[i].empty() ? presence::gone : changes_[i].back().to;
    if (now_[i] != before) changes_[i].push_back({tick, now_[i]});
  }
  const auto absent = std::count(now_.begin(), now_.end(), presence::gone);
  resident_.push_back(static_cast<std::uint32_t>(now_.size()) - static_cast<std::uint32_t>(absent));
  active_ticks_ += static_cast<std::uint64_t>(std::count(now_.begin(), now_.end(), presence::active));
}

void timeline::note_lingering(const tenure::unload_report& report) {
  for (const tenure::unload_entry& entry : report)
    if (entry.outcome == tenure::unload_outcome::lingering) note_one(entry);
}

void timeline::note_one(const tenure::unload_entry& entry) {
  const auto at = index_.find(entry.path);
  if (at == index_.end()) return;
  const plugin& p = plugins_[at->second];
  lingered_.insert_or_assign(at->second,
                             lingering{p.path, p.name, tenure::to_string(entry.reason), entry.detail});
}

std::vector<lingering> timeline::lingered() const {
  std::vector<lingering> all;
  for (const auto& [plugin, what] : lingered_) all.push_back(what);
  return all;
}

} // namespace session
