#include "machine.hpp"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string_view>
#include <thread>

#include <sys/utsname.h>

namespace bench {
namespace {

// The value of the first line "KEY = VALUE" or "KEY: VALUE"; empty where there is no such file or line.
std::string value_in(const char* file, std::string_view key, char separator) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t at = line.find(separator);
    if (at == std::string::npos || !line.starts_with(key)) continue;
    const std::size_t begin = line.find_first_not_of(" \t\"", at + 1);
    const std::size_t end = line.find_last_not_of(" \t\"");
    return begin == std::string::npos ? "" : line.substr(begin, end + 1 - begin);
  }
  return {};
}

std::string or_else(std::string text, const char* otherwise) {
  return text.empty() ? otherwise : std::move(text);
}

} // namespace

machine this_machine() {
  machine m;
  utsname names{};
  uname(&names);
  m.processor = or_else(value_in("/proc/cpuinfo", "model name", ':'), names.machine);
  m.system = or_else(value_in("/etc/os-release", "PRETTY_NAME", '='), names.sysname);
  m.kernel = fmt::format("{} {}", names.release, names.machine);
  m.cores = std::thread::hardware_concurrency();
  if (getloadavg(&m.load, 1) != 1) m.load = 0;
  m.libc = BENCH_LIBC;
  m.compiler = BENCH_COMPILER;
  m.flags = BENCH_FLAGS;
  m.date = fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr)));
  return m;
}

} // namespace bench
