// Prints a report: through fmt where the application has it, else by hand. Each is one file.
#ifndef EMBED_PRINT_REPORT_HPP
#define EMBED_PRINT_REPORT_HPP

#include <tenure/report.hpp>

void print_report(const tenure::unload_report& report);

#endif
