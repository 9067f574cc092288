// A module that stayed after its close: the report says so, and why.
#include "support/closed.hpp"
#include "support/modules.hpp"
#include "support/scratch.hpp"
#include "support/system_loader.hpp"

#include <tenure/cached_symbol.hpp>
#include <tenure/format.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <dlfcn.h>

#include <string>
#include <thread>

using tenure::linger_reason;
using tenure::unload_outcome;
using tenure_test::all_closed;
using tenure_test::expected_reason;
using tenure_test::loader_unmaps;
using tenure_test::module_path;

namespace {

using manager = tenure::manager<tenure::policy::immediate>;

// Opens, touches and releases a module; what the report then says of it.
tenure::unload_entry entry_after_use(manager& modules, const std::string& name, std::string& detail) {
  modules.open(module_path(name)).symbol<int()>("touch")();
  const auto report = modules.report();
  REQUIRE(report.size() == 1);
  detail = report.begin()->detail;
  return *report.begin();
}

} // namespace

TEST_CASE("the port knows whether this system's loader unmaps") {
  const tenure_test::scratch folder;
  const std::string file = folder.copy("basic");
  tenure_test::raw_close(tenure_test::raw_open(file));
  CHECK(tenure_test::is_mapped(file) == !loader_unmaps());
}

TEST_CASE("a module that somebody else closed under its handle is not closed a second time" *
          doctest::skip(!loader_unmaps())) {
  const tenure_test::scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::final_close> modules;
  tenure_test::raw_close(modules.open(file).native_handle());
  REQUIRE(!tenure_test::is_mapped(file));
  const auto report = modules.final_close();
  REQUIRE(report.size() == 1);
  CHECK(report.begin()->outcome == unload_outcome::gone);
  CHECK(std::string(report.begin()->detail).find("somebody else") != std::string::npos);
}

TEST_CASE("modules are closed in the reverse order in which they were loaded") {
  const tenure_test::scratch folder;
  tenure::manager<tenure::policy::final_close> modules;
  for (const char* name : {"basic", "second", "third"}) static_cast<void>(modules.open(folder.copy(name)));
  const auto report = modules.final_close();
  REQUIRE(report.size() == 3);
  std::string order;
  for (const tenure::unload_entry& e : report)
    order += e.path;
  CHECK(order.find("third") < order.find("second"));
  CHECK(order.find("second") < order.find("basic"));
}

TEST_CASE("a module linked with -z nodelete lingers for its flag") {
  manager modules;
  std::string detail;
  const auto entry = entry_after_use(modules, "linger_nodelete", detail);
  CHECK(entry.outcome == unload_outcome::lingering);
  CHECK(entry.reason == expected_reason(linger_reason::nodelete_flag));
  CHECK(detail.find(loader_unmaps() ? "nodelete" : "never unmaps") != std::string::npos);
}

TEST_CASE("a module with a unique symbol lingers for that symbol, which is named") {
  manager modules;
  std::string detail;
  const auto entry = entry_after_use(modules, "linger_unique", detail);
  CHECK(entry.outcome == unload_outcome::lingering);
  CHECK(entry.reason == expected_reason(linger_reason::unique_symbol));
  CHECK(detail.find(loader_unmaps() ? "lingering_unique" : "never unmaps") != std::string::npos);
}

TEST_CASE(
    "a pending thread_local destructor keeps a module until its thread has ended and a sweep has kicked") {
  manager modules;
  std::thread([&] {
    std::string detail;
    const auto entry = entry_after_use(modules, "linger_tls", detail);
    CHECK(entry.outcome == unload_outcome::lingering);
    CHECK(entry.reason == expected_reason(linger_reason::tls_destructor_pending));
  }).join();
  const auto swept = modules.sweep();
  CHECK(swept.count(tenure_test::closed_outcome()) == 1);
  CHECK(all_closed(modules.report()));
}

TEST_CASE(
    "what is closed and lingers is, once opened again, nothing that a weak handle of before refers to") {
  manager modules;
  tenure::module m = modules.open(module_path("linger_nodelete"));
  const tenure::weak_module weak = m;
  const tenure::cached_symbol<int()> remembered = m.symbol<int()>("touch");
  m.reset();
  CHECK(!weak.lock());
  m = modules.open(module_path("linger_nodelete"));
  CHECK(!weak.lock());
  CHECK(!remembered.lock());
  CHECK(tenure::weak_module(m).lock() == m);
}

TEST_CASE("what lingered, went by itself and lies elsewhere now is not reached by what was remembered of it" *
          doctest::skip(!loader_unmaps())) {
  manager modules;
  tenure::module m = modules.open(module_path("basic"));
  const tenure::cached_symbol<int()> remembered = m.symbol<int()>("answer");
  void* const theirs = ::dlopen(m.path(), RTLD_NOW);
  m.reset();
  REQUIRE(modules.report().count(unload_outcome::lingering) == 1);
  ::dlclose(theirs); // and nobody has told the manager
  const auto in_its_place = modules.open(module_path("second"));
  m = modules.open(module_path("basic"));
  CHECK(!remembered.lock());
  CHECK(m.symbol<int()>("answer")() == 42);
}

TEST_CASE("the close that a module survives says in words why, as every report after it") {
  tenure::manager<tenure::policy::final_close> modules;
  static_cast<void>(modules.open(module_path("linger_nodelete")));
  const auto closed = modules.final_close();
  REQUIRE(closed.count(unload_outcome::lingering) == 1);
  const std::string words = closed.begin()->detail;
  CHECK(words.find(loader_unmaps() ? "nodelete" : "never unmaps") != std::string::npos);
  CHECK(words == modules.report().begin()->detail);
}

TEST_CASE("a module that another one is linked with lingers while that one is loaded") {
  manager modules;
  tenure::module needs = modules.open(module_path("linger_needs"));
  static_cast<void>(modules.open(module_path("linger_needed")));
  CAPTURE(fmt::format("{}", modules.report()));
  bool seen = false;
  for (const auto& e : modules.report())
    if (e.outcome == unload_outcome::lingering) {
      CHECK(e.reason == expected_reason(linger_reason::needed_by));
      CHECK(std::string(e.detail).find(loader_unmaps() ? "linger_needs" : "never unmaps") !=
            std::string::npos);
      seen = true;
    }
  CHECK(seen);
  needs.reset();
  CHECK(all_closed(modules.sweep()));
}

TEST_CASE("a module that somebody else opened lingers for that holder, and goes with it") {
  manager modules;
  tenure::module ours = modules.open(module_path("basic"));
  void* const theirs = ::dlopen(ours.path(), RTLD_NOW);
  REQUIRE(theirs != nullptr);
  ours.reset();
  REQUIRE(modules.report().size() == 1);
  CHECK(modules.report().begin()->reason == expected_reason(linger_reason::other_holder));
  ::dlclose(theirs);
  CHECK(all_closed(modules.sweep()));
}

TEST_CASE("an open of a lingering module gets it back") {
  manager modules;
  std::string detail;
  static_cast<void>(entry_after_use(modules, "linger_nodelete", detail));
  const tenure::module again = modules.open(module_path("linger_nodelete"));
  CHECK(again.symbol<int()>("touch")() == 7);
  CHECK(modules.report().begin()->outcome == unload_outcome::busy);
}
