#include "checks.hpp"

#include <fmt/format.h>

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
  c.expect(f.wrong_results.empty(), f.policy + ": every output is finite and written",
           fmt::format("these are not: {}", fmt::join(f.wrong_results, ", ")));
  c.expect(f.works_made == f.opens && f.works_ended == f.works_made, f.policy + ": what was made was ended",
           fmt::format("{} opens, {} made, {} ended", f.opens, f.works_made, f.works_ended));
}

void check_end(const figures& f, checker& c) {
  c.expect(f.active_at_end == 0, f.policy + ": no handle is counted at the end",
           fmt::format("{}", f.active_at_end));
  c.expect_none(f.left_over, f.policy + ": after the final close each module is gone, lingers or is kept");
  c.expect_none(f.still_mapped, f.policy + ": what is said to be gone is not in the system's mapping list");
  c.expect_none(f.not_mapped, f.policy + ": what is said to stay is in the system's mapping list");
  c.expect_none(unexplained(f), f.policy + ": each lingering module has a reason");
}

void check_one(const figures& f, const trace& t, checker& c) {
  c.expect(f.completed, f.policy + ": its process ends by itself", f.trouble);
  if (!f.completed) return;
  check_work(f, t, c);
  check_end(f, c);
}

} // namespace

tally check(const outcome& o) {
  checker c;
  c.expect(!o.used.empty(), "there are plug-ins to use", "none");
  for (const std::vector<figures>& rounds : o.rounds)
    for (const figures& f : rounds) check_one(f, o.played, c);
  return c.result();
}

} // namespace session
