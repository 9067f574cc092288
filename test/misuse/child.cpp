#include "child.hpp"

#include "case.hpp"

#include <cstdio>
#include <cstring>
#include <sys/resource.h>
#include <unistd.h>

namespace misuse {
namespace {

const test_case* find_case(const char* id) {
  static const case_table all = all_cases();
  for (const test_case& c : all)
    if (std::strcmp(c.id, id) == 0) return &c;
  return nullptr;
}

template <class Way> verdict judge(const test_case& c, Way& way) {
  try {
    return c.run(way);
  } catch (const lie& wrong) {
    return {fate::lies, wrong.message};
  } catch (const refused& said) {
    return {fate::refuses, said.message};
  } catch (const tenure::error& said) {
    return {fate::refuses, said.what()};
  }
}

// The way lives as long as the process: what a case is about may come at its very end.
verdict judge_in(const test_case& c, const std::string& way, const char* modules, const char* scratch) {
  if (way == "raw") return judge(c, *new raw_way(modules, scratch));
  const std::size_t index = std::stoul(way);
  return judge(c, *tenure_kinds().at(index).make(modules, scratch).release());
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
  const test_case* const c = find_case(arguments[1]);
  if (c == nullptr) return 98;
  tell(judge_in(*c, arguments[0], arguments[2], arguments[3]));
  return 0;
}

} // namespace misuse
