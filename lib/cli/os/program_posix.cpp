#include "cli/os/program.hpp"

#include <climits>
#include <cstdint>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__APPLE__)
#  include <mach-o/dyld.h>
#endif

namespace tenure::cli {
namespace {

// As it was started; set once, before any thread.
std::string& name_of_program() {
  static std::string name;
  return name;
}

} // namespace

std::string own_program() {
#if defined(__APPLE__)
  std::string path(PATH_MAX, '\0');
  std::uint32_t size = PATH_MAX;
  return ::_NSGetExecutablePath(path.data(), &size) == 0 ? std::string(path.c_str()) : name_of_program();
#elif defined(__linux__)
  return "/proc/self/exe";
#else
  return name_of_program();
#endif
}

std::vector<std::string> own_arguments(int count, char** arguments) {
  if (count > 0) name_of_program() = arguments[0];
  return {arguments + (count > 0 ? 1 : 0), arguments + count};
}

void die_quietly() noexcept {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

} // namespace tenure::cli
