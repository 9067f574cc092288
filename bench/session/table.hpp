// The session's figures as text.
#ifndef TENURE_BENCH_SESSION_TABLE_HPP
#define TENURE_BENCH_SESSION_TABLE_HPP

#include "outcome.hpp"

namespace session {

void print_machine(const outcome& o);
void print_corpus(const corpus& c);
void print_trace(const outcome& o);
void print_policies(const outcome& o);
void print_own_faults(const outcome& o); // of plug-ins, seen under a policy that closes nothing
void print_lingering(const outcome& o);

} // namespace session

#endif
