#include "checks.hpp"

#include "stage.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace session {
namespace {

class checker {
public:
  // `found` is what is printed if it does not hold.
  void expect(bool holds, const std::string& claim, const std::string& found) {
    ++(holds ? result_.passed : result_.failed);
    if (!holds) fmt::print("FAILED: {}: {}\n", claim, found);
  }
  void expect_none(const std::vector<std::string>& found, const std::string& claim) {
    expect(found.empty(), claim,
           fmt::format("{} times, first {}", found.size(), found.empty() ? "" : found.front()));
  }
  [[nodiscard]] tally result() const { return result_; }

private:
  tally result_;
};

std::vector<std::string> unexplained(const figures& f) {
  std::vector<std::string> names;
  for (const lingering& l : f.lingered)
    if (l.reason == "none" || l.reason == "unknown" || l.detail.empty())
      names.push_back(l.name + ", " + l.reason);
  return names;
}

void check_work(const figures& f, const trace& t, checker& c) {
  c.expect_none(f.errors, f.policy + ": every open and start succeeds");
  c.expect(f.failures == 0, f.policy + ": the manager counts no failed open", fmt::format("{}", f.failures));
  c.expect(f.digest == t.digest, f.policy + ": it did the steps of the trace",
           fmt::format("digest {:x}, not {:x}", f.digest, t.digest));
  c.expect(f.works_made == f.opens && f.works_ended == f.works_made, f.policy + ": what was made was ended",
           fmt::format("{} opens, {} made, {} ended", f.opens, f.works_made, f.works_ended));
}

// What a plug-in gets wrong under a policy that closes nothing is its own fault, and said so in the table.
std::vector<std::string> wrong_by_closing(const figures& f, const std::vector<std::string>& own_faults) {
  std::vector<std::string> found;
  for (const auto& [name, values] : f.wrong_results)
    if (std::find(own_faults.begin(), own_faults.end(), name) == own_faults.end())
      found.push_back(fmt::format("{} of {}", values, name));
  return found;
}

// What must hold of the counts, however the threads met.
void check_counts(const figures& f, checker& c) {
  c.expect(f.closes <= f.loads, f.policy + ": nothing is closed that was not loaded",
           fmt::format("{} loads, {} closes", f.loads, f.closes));
  c.expect(f.loads + f.revives <= f.opens, f.policy + ": a load or a revival is an open's",
           fmt::format("{} loads, {} revives, {} opens", f.loads, f.revives, f.opens));
  c.expect(f.peak <= f.loads && f.active_seconds <= f.resident_seconds,
           f.policy + ": what is in use is mapped",
           fmt::format("{:.1f} of {:.1f} module-seconds in use", f.active_seconds, f.resident_seconds));
}

// A session is the same one under each policy: what is in use when does not depend on what is kept.
void check_same_session(const outcome& o, checker& c) {
  for (const figures& f : o.policies)
    if (f.completed)
      c.expect(f.active_seconds == o.policies.front().active_seconds,
               f.policy + ": modules are in use as under the first policy",
               fmt::format("{:.2f} module-seconds, not {:.2f}", f.active_seconds,
                           o.policies.front().active_seconds));
}

// A policy that keeps its pages closes nothing; under the others each load that is not there at the end was
// closed.
void check_closes(const policy_entry& policy, const figures& f, checker& c) {
  if (!f.completed) return;
  if (policy.keeps_pages)
    c.expect(f.closes == 0, f.policy + ": nothing is closed", fmt::format("{} closes", f.closes));
  else
    c.expect(f.closes == f.loads, f.policy + ": what was loaded is closed in the end",
             fmt::format("{} loads, {} closes", f.loads, f.closes));
}

void check_end(const figures& f, checker& c) {
  c.expect(f.active_at_end == 0, f.policy + ": no handle is counted at the end",
           fmt::format("{}", f.active_at_end));
  c.expect_none(f.left_over, f.policy + ": after the final close each module is gone, lingers or is kept");
  c.expect_none(f.still_mapped, f.policy + ": what is said to be gone is not in the system's mapping list");
  c.expect_none(f.not_mapped, f.policy + ": what is said to stay is in the system's mapping list");
  c.expect_none(f.unlike_list,
                f.policy + ": during the session the system's list says what the manager says");
  c.expect_none(unexplained(f), f.policy + ": each lingering module has a reason");
}

void check_one(const figures& f, const trace& t, checker& c) {
  c.expect(f.completed, f.policy + ": its process ends by itself", f.trouble);
  if (!f.completed) return;
  check_work(f, t, c);
  check_counts(f, c);
  check_end(f, c);
}

} // namespace

std::vector<std::string> wrong_without_closing(const outcome& o) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i != o.rounds.size(); ++i) {
    if (!all_policies()[i].keeps_pages) continue;
    for (const figures& f : o.rounds[i])
      for (const auto& [name, values] : f.wrong_results)
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

tally check(const outcome& o) {
  checker c;
  c.expect(!o.used.empty(), "there are plug-ins to use", "none");
  const std::vector<std::string> own_faults = wrong_without_closing(o);
  for (const std::vector<figures>& rounds : o.rounds)
    for (const figures& f : rounds) {
      check_one(f, o.played, c);
      c.expect_none(wrong_by_closing(f, own_faults), f.policy + ": every output is finite and written");
    }
  for (std::size_t i = 0; i != o.policies.size(); ++i) check_closes(all_policies()[i], o.policies[i], c);
  check_same_session(o, c);
  return c.result();
}

} // namespace session
