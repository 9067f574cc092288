#include "case.hpp"

#include <algorithm>

namespace misuse {

case_table all_cases() {
  case_table all;
  for (case_table (*const part)() :
       {object_cases, kept_cases, exception_cases, thread_cases, process_cases, handle_cases, exit_cases,
        fork_cases, file_cases, initialiser_cases, unload_cases, input_cases, symbol_cases, damage_cases}) {
    const case_table some = part();
    all.insert(all.end(), some.begin(), some.end());
  }
  const auto number = [](const test_case& c) { return std::string_view(c.id).substr(0, 3); };
  std::ranges::stable_sort(all, {}, number);
  return all;
}

} // namespace misuse
