// The main function of every test program. A choice of cases that fits none is a failure: else a file that was renamed
// would pass for ever.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "support/sanitizer_defaults.hpp"

#include <cstdio>
#include <string>
#include <string_view>

namespace {

unsigned cases_run = 0;
std::string chosen_file; // the end of its name; "": all

// One that says itself that it is not for this platform.
bool skips_itself(const doctest::TestCaseData& c) {
  const std::string_view file = c.m_file.c_str();
  return c.m_skip && file.size() >= chosen_file.size() &&
         file.substr(file.size() - chosen_file.size()) == chosen_file;
}

struct case_counter : doctest::IReporter {
  explicit case_counter(const doctest::ContextOptions&) {}
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_start(const doctest::TestCaseData&) override { ++cases_run; }
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData& c) override { cases_run += skips_itself(c) ? 1 : 0; }
};

} // namespace

DOCTEST_REGISTER_LISTENER("case_counter", 0, case_counter);

int main(int argc, char** argv) {
  constexpr std::string_view option = "--source-file=*";
  for (int i = 1; i != argc; ++i)
    if (std::string_view(argv[i]).substr(0, option.size()) == option) chosen_file = argv[i] + option.size();
  doctest::Context context(argc, argv);
  const int result = context.run();
  if (context.shouldExit() || cases_run != 0) return result;
  std::fputs("no case fits what was asked for\n", stderr);
  return 1;
}
