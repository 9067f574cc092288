#include "print_report.hpp"

#include <cstdio>

void print_report(const tenure::unload_report& report) {
  for (const tenure::unload_entry& e : report)
    std::printf("report: %s: %s\n", e.path, tenure::to_string(e.outcome));
}
