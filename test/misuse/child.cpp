#include "child.hpp"

#include "case.hpp"

#include <cstdio>
#include <cstring>
#include <optional>
#include <sys/resource.h>
#include <unistd.h>

namespace misuse {
namespace {

// The table is gone again before the case runs: what its padding keeps of earlier blocks would pass for
// pointers of the host's.
std::optional<body> find_case(const char* id) {
  for (const test_case& c : all_cases())
    if (std::strcmp(c.id, id) == 0) return c.run;
  return std::nullopt;
}

template <class Way> verdict judge(const body& run, Way& way) {
  try {
    return run(way);
  } catch (const lie& wrong) {
    return {fate::lies, wrong.message};
  } catch (const refused& said) {
    return {fate::refuses, said.message};
  } catch (const tenure::error& said) {
    return {fate::refuses, said.what()};
  }
}

// The way lives as long as the process: what a case is about may come at its very end.
verdict judge_in(const body& run, const std::string& way, const char* modules, const char* scratch) {
  if (way == "raw") return judge(run, *new raw_way(modules, scratch));
  const std::size_t index = std::stoul(way);
  return judge(run, *tenure_kinds().at(index).make(modules, scratch).release());
}

} // namespace

// One line to the parent, whatever the module did to stdio.
void tell(const verdict& v) {
  std::string line = "\nverdict " + std::to_string(static_cast<int>(v.is)) + " ";
  for (const char c : v.message) line += c < ' ' ? '?' : c; // a loader's words may be any bytes
  line += '\n';
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(99);
}

int run_child(char** arguments) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const std::optional<body> run = find_case(arguments[1]);
  if (!run) return 98;
  tell(judge_in(*run, arguments[0], arguments[2], arguments[3]));
  return 0;
}

} // namespace misuse
