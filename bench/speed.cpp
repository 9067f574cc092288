// How fast is it? Asks Tenure, every peer that is installed, the system's loader and the bare machine the
// same questions in the same run, and says of each target whether it is met. The last line counts the
// targets.
#include "questions/instructions.hpp"
#include "speed/arguments.hpp"
#include "speed/bars.hpp"
#include "speed/curves.hpp"
#include "speed/json.hpp"
#include "speed/parts.hpp"
#include "speed/table.hpp"
#include "support/sleeping_thread.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <system_error>

namespace {

using namespace bench;

// Before minutes of work, not after them. What is there stays as it is.
void must_be_writable(const std::string& file) {
  errno = 0;
  if (!std::ofstream(file, std::ios::app)) throw std::system_error(errno, std::generic_category(), file);
}

outcome measure(const arguments& a, const std::string& log) {
  const auto begin = std::chrono::steady_clock::now();
  outcome o;
  progress bar;
  o.where = this_machine();
  o.quick = a.quick;
  ask_all(a, log, bar, o);
  o.rows = judge(o.all);
  o.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return o;
}

void write_all(const outcome& o, const arguments& a) {
  write_json(o, a.json);
  write_bars(o, a.bars);
  write_curves(o, a.curves);
  fmt::print("\nIt took {:.0f} s. Figures: {}\nCharts: {}, {}\n\n", o.seconds, a.json, a.bars, a.curves);
}

void run(const arguments& a) {
  const std::string log = a.json + ".log"; // what peers print
  for (const std::string& file : {a.json, a.bars, a.curves, log}) must_be_writable(file);
  std::remove(log.c_str());
  const outcome o = measure(a, log);
  print_heading(o);
  print_rows(o);
  print_instructions(o);
  print_flags(o);
  print_remarks(o);
  write_all(o, a);
  const auto met = std::count_if(o.rows.begin(), o.rows.end(), [](const row& r) { return r.met; });
  const auto missing =
      std::count_if(o.rows.begin(), o.rows.end(), [](const row& r) { return !r.missing.empty(); });
  if (missing != 0) fmt::print("{} targets were not measured\n", missing);
  fmt::print("{} passed, {} failed\n", met, static_cast<std::ptrdiff_t>(o.rows.size()) - met - missing);
}

} // namespace

int main(int argc, char** argv) {
  try {
    const arguments a = read_arguments(argc, argv);
    if (a.hot_paths) {
      const sleeping_thread second;
      module_files files(a.modules);
      walk_hot_paths(files);
    } else {
      run(a);
    }
    return 0;
  } catch (const std::exception& e) {
    fmt::print(stderr, "speed: {}\n", e.what());
    fmt::print("0 passed, 1 failed\n");
    return 2;
  }
}
