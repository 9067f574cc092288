// The only file of the application that needs fmt.
#include "print_report.hpp"

#include <tenure/format.hpp>

#include <cstdio>

void print_report(const tenure::unload_report& report) {
  std::puts(fmt::format("report by fmt: {}", report).c_str());
}
