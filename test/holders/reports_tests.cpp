// Each report that says that a module is in use says by whom.
#include "held.hpp"

#include <tenure/end.hpp>
#include <tenure/format.hpp>

#include <doctest/doctest.h>

#include <ostream>

using tenure::holder_kind;
using tenure_test::entry;
using tenure_test::module_path;

namespace {

constexpr std::string_view in_reports = "reports_tests.cpp";

const tenure::unload_entry* entry_of(const tenure::unload_report& report, std::string_view part) {
  for (const tenure::unload_entry& e : report)
    if (std::string_view(e.path).find(part) != std::string_view::npos) return &e;
  return nullptr;
}

} // namespace

TEST_CASE("a final close lists who keeps a busy module, and the formatter prints a line for each") {
  tenure::manager<> modules;
  const tenure::module basic = modules.open(module_path("basic"));
  const auto answer = basic.symbol<int()>("answer");
  const unsigned line = __LINE__ - 2;
  const tenure::unload_report report = modules.final_close();
  const tenure::unload_entry* const e = entry_of(report, "basic");
  REQUIRE(e != nullptr);
  CHECK(e->outcome == tenure::unload_outcome::busy);
  CHECK(tenure_test::kinds_and_lines(e->holders, in_reports) ==
        entry(holder_kind::handle, line) + ", " + entry(holder_kind::symbol, line + 1));
  const std::string printed = fmt::format("{}", report);
  CHECK(printed.find("\n    handle, ") != std::string::npos);
  CHECK(printed.find("(reports_tests.cpp:" + std::to_string(line + 1) + ")") != std::string::npos);
}

TEST_CASE("sweeps, reports and ends list them, too") {
  tenure::manager<> modules;
  const tenure::module basic = modules.open(module_path("basic"));
  const std::string expected = entry(holder_kind::handle, __LINE__ - 1);
  const auto listed = [&](const tenure::unload_report& report) {
    const tenure::unload_entry* const e = entry_of(report, "basic");
    return e != nullptr ? tenure_test::kinds_and_lines(e->holders, in_reports) : "no entry";
  };
  CHECK(listed(modules.report()) == expected);
  CHECK(listed(tenure::end(modules, tenure::end_mode::leave_mapped)) == expected);
  CHECK(listed(tenure::end(modules, tenure::end_mode::force)) == expected);
  CHECK(listed(tenure::end(modules, tenure::end_mode::wait, tenure::duration(0))) == expected);
}

TEST_CASE("modules() and dump() list them, as text and as JSON") {
  tenure::manager<> modules;
  const tenure::module second = modules.open(module_path("second"));
  const tenure::module basic = modules.open(module_path("basic"));
  const std::string expected = entry(holder_kind::handle, __LINE__ - 1);
  const tenure::module_list all = modules.modules();
  REQUIRE(all.size() == 2);
  CHECK(tenure_test::kinds_and_lines(all.begin()[1].held_by, in_reports) == expected);
  CHECK(all.begin()[0].held_by.size() == 1);
  const auto place = "reports_tests.cpp:" + std::to_string(__LINE__ - 6);
  const std::string text(modules.dump().c_str()), json(modules.dump(tenure::dump_format::json).c_str());
  CHECK(text.find("\n    handle, ") != std::string::npos);
  CHECK(text.find('(' + place + ')') != std::string::npos);
  CHECK(json.find("\"held_by\":[{\"kind\":\"handle\"") != std::string::npos);
  CHECK(json.find(place) != std::string::npos);
}

TEST_CASE("a pinned module's report names the pin") {
  tenure::manager<> modules;
  const tenure::pin stay = modules.open(module_path("basic")).pin();
  const unsigned line = __LINE__ - 1;
  const tenure::unload_report report = modules.final_close();
  const tenure::unload_entry* const e = entry_of(report, "basic");
  REQUIRE(e != nullptr);
  CHECK(e->outcome == tenure::unload_outcome::pinned);
  CHECK(tenure_test::kinds_and_lines(e->holders, in_reports) == entry(holder_kind::pin, line));
}

TEST_CASE("what is gone has no holders, and texts of a report outlive those who held") {
  tenure::manager<> modules;
  tenure::module basic = modules.open(module_path("basic"));
  const unsigned line = __LINE__ - 1;
  const tenure::unload_report before = modules.report();
  basic.reset();
  const tenure::unload_report after = modules.final_close();
  CHECK(tenure_test::kinds_and_lines(entry_of(before, "basic")->holders, in_reports) ==
        entry(holder_kind::handle, line));
  CHECK(entry_of(after, "basic")->holders.empty());
}
