// The JSON form of what the session measured: in the file, and from the child to the parent.
#ifndef TENURE_BENCH_SESSION_JSON_HPP
#define TENURE_BENCH_SESSION_JSON_HPP

#include "outcome.hpp"

namespace session {

// Errors: throws std::system_error if the file cannot be written.
void write_json(const outcome& o, const std::string& file);

} // namespace session

#endif
