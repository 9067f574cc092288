// One replay of the session's trace under one policy.
#ifndef TENURE_BENCH_SESSION_REPLAY_HPP
#define TENURE_BENCH_SESSION_REPLAY_HPP

#include "outcome.hpp"
#include "../support/progress.hpp"
#include "stage.hpp"

namespace session {

// In a process of its own, so that no policy finds what another one left mapped, and a plug-in that crashes
// ends only this replay. Opens measured, modules used, the final close looked at from outside.
[[nodiscard]] figures replay_in_child(const outcome& o, const policy_entry& policy, const std::string& log,
                                      bench::progress& bar);

} // namespace session

#endif
