// Each plug-in is tried once before the session, in a child process: one that crashes must not end the
// session.
#ifndef TENURE_BENCH_SESSION_PROBE_HPP
#define TENURE_BENCH_SESSION_PROBE_HPP

#include "corpus.hpp"
#include "../support/progress.hpp"

namespace session {

[[nodiscard]] corpus try_plugins(const found_files& found, const std::string& log, bench::progress& bar);

} // namespace session

#endif
