#include "report.hpp"

#include <algorithm>
#include <array>

namespace tenure::cli {
namespace {

file_fate judge_trial(const trial_result& it) noexcept {
  switch (it.outcome) {
  case trial_outcome::gone:
  case trial_outcome::resident: // what its file says is all that is known
    return file_fate::unloads;
  case trial_outcome::lingering:
  case trial_outcome::in_use:
    return file_fate::stays;
  case trial_outcome::refused:
    return file_fate::does_not_load;
  case trial_outcome::crashed:
  case trial_outcome::left:
  case trial_outcome::hung:
  case trial_outcome::cut_off:
  case trial_outcome::not_tried:
    break;
  }
  return file_fate::misbehaves;
}

// A lingering module is excused if all that its file says against it is.
bool is_excused(const file_report& it) noexcept {
  return it.trial->outcome == trial_outcome::lingering && !it.accepted.empty() &&
         std::all_of(it.accepted.begin(), it.accepted.end(), [](bool each) { return each; });
}

file_fate judge_obstacles(const file_report& it) noexcept {
  auto worst = file_fate::unloads;
  for (std::size_t i = 0; i < it.obstacles.size(); ++i) {
    if (it.accepted[i]) continue;
    const bool passing = it.obstacles[i].kind == obstacle_kind::thread_local_destructor;
    worst = std::max(worst, passing ? file_fate::may_stay : file_fate::stays);
  }
  return worst;
}

} // namespace

std::string_view name_of(file_fate fate) noexcept {
  constexpr std::array<std::string_view, 7> names{"unloads",       "may-stay",   "stays",     "does-not-load",
                                                  "lacks-symbols", "misbehaves", "unreadable"};
  return names[static_cast<std::size_t>(fate)];
}

std::string_view name_of(image::tls_model model) noexcept {
  constexpr std::array<std::string_view, 4> names{"none", "dynamic", "descriptors", "initial-exec"};
  return names[static_cast<std::size_t>(model)];
}

file_fate judge(const file_report& it) noexcept {
  if (!it.error.empty()) return file_fate::unreadable;
  auto worst = judge_obstacles(it);
  if (!it.unmet.empty()) worst = std::max(worst, file_fate::does_not_load);
  if (!it.lacking.empty()) worst = std::max(worst, file_fate::lacks_symbols);
  if (it.trial && !is_excused(it)) worst = std::max(worst, judge_trial(*it.trial));
  return worst;
}

int status_of(const std::vector<file_report>& all) noexcept {
  int status = status_good;
  for (const auto& each : all)
    status = std::max(status, each.fate == file_fate::unreadable ? status_unreadable
                              : each.fate == file_fate::unloads  ? status_good
                                                                 : status_bad);
  return status;
}

} // namespace tenure::cli
