// The table on the standard output.
#ifndef TENURE_BENCH_SPEED_TABLE_HPP
#define TENURE_BENCH_SPEED_TABLE_HPP

#include "outcome.hpp"

namespace bench {

void print_heading(const outcome& o);
void print_rows(const outcome& o);
void print_instructions(const outcome& o);
void print_flags(const outcome& o);
void print_remarks(const outcome& o);

} // namespace bench

#endif
