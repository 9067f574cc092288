// What was seen of each case in each way, and how it compares with what was expected.
#ifndef TENURE_TEST_MISUSE_RESULTS_HPP
#define TENURE_TEST_MISUSE_RESULTS_HPP

#include "case.hpp"

#include <string>
#include <vector>

namespace misuse {

// A column of the table.
struct way_name {
  std::string argument; // what the child is told: "raw", or the index of a tenure_kind
  std::string title;
  const tenure_kind* kind = nullptr; // null: raw
};

struct outcome {
  verdict seen;
  bool right = true;       // as expected
  bool closed_gap = false; // a known gap that is none any more
  bool open_gap = false;
  bool by_chance = false; // not as expected, but as it may come out now and then; how often is limited
};

struct case_result {
  const test_case* which = nullptr;
  std::vector<outcome> by_way;
};

std::vector<way_name> ways(bool all);
const expectation& expected(const test_case& c, const way_name& way);
outcome compare(const test_case& c, const way_name& way, const verdict& seen);

// The table of the README: raw, Tenure as it comes, Tenure at its strictest.
std::string markdown(const std::vector<case_result>& results, const std::vector<way_name>& ways);
std::string json(const std::vector<case_result>& results, const std::vector<way_name>& ways);
// The README's block, with the table in it; and the cases that it lists.
bool write_into(const std::string& readme, const std::string& table);
std::vector<std::string> listed_cases(const std::string& readme);

} // namespace misuse

#endif
