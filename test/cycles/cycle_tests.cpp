// What a final close says of modules whose references lie in each other.
#include "os/references.hpp"
#include "support/emulated.hpp"
#include "support/modules.hpp"
#include "support/sanitizers.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace {

using manager = tenure::manager<tenure::policy::final_close>; // idle modules stay until they hold each other

// The search needs glibc's own allocator, to tell one block from the next.
bool told() {
  return tenure::os::memory_is_searched() && !tenure_test::address_sanitizer && !tenure_test::thread_sanitizer &&
         !tenure_test::emulated;
}

// Gives a module a handle to another one, in a block of memory that only the module points at. Not inlined,
// and called last, so that no word of it stays in a frame that lives.
[[gnu::noinline]] void give(const tenure::module& keeper, int place, const tenure::module& other) {
  keeper.symbol<void(int, void*)>("keep")(place, new tenure::module(other));
}
[[gnu::noinline]] void give_by_name(manager& modules, const char* keeper, int place, const char* other) {
  give(modules.open(tenure_test::module_path(keeper)), place, modules.open(tenure_test::module_path(other)));
}

std::string told_of(const tenure::unload_report& report, const std::string& name) {
  for (const tenure::unload_entry& e : report)
    if (std::string(e.path).find(name) != std::string::npos)
      return e.outcome == tenure::unload_outcome::busy ? e.detail : "not busy";
  return "not there";
}
bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

// The modules stay: nobody can let go of what they keep.
struct world {
  manager& modules = *new manager;
};

} // namespace

TEST_CASE("two modules that hold each other are told of, each with its holder and the cure" *
          doctest::skip(!told())) {
  world w;
  give_by_name(w.modules, "keeper_a", 0, "keeper_b");
  give_by_name(w.modules, "keeper_b", 0, "keeper_a");
  const auto report = w.modules.final_close();
  CHECK(report.count(tenure::unload_outcome::busy) == 2);
  for (const char* name : {"keeper_a", "keeper_b"}) {
    CAPTURE(told_of(report, name));
    CHECK(contains(told_of(report, name), "hold each other"));
    CHECK(contains(told_of(report, name), "weak_module"));
  }
  CHECK(contains(told_of(report, "keeper_a"), "lies in memory of"));
}

TEST_CASE("once the host holds one of them as well, it is no cycle, and none is told" *
          doctest::skip(!told())) {
  world w;
  const auto hosts = std::make_unique<tenure::module>(w.modules.open(tenure_test::module_path("keeper_a")));
  give_by_name(w.modules, "keeper_a", 0, "keeper_b");
  give_by_name(w.modules, "keeper_b", 0, "keeper_a");
  const auto report = w.modules.final_close();
  CHECK(report.count(tenure::unload_outcome::busy) == 2);
  CHECK(told_of(report, "keeper_a") == "references to it are alive");
  CHECK(told_of(report, "keeper_b") == "references to it are alive");
}

TEST_CASE("a module that holds itself is told of" * doctest::skip(!told())) {
  world w;
  give_by_name(w.modules, "keeper_c", 0, "keeper_c");
  const auto report = w.modules.final_close();
  CHECK(contains(told_of(report, "keeper_c"), "it holds itself"));
}

TEST_CASE("a module that two others need which hold each other is told of as theirs" *
          doctest::skip(!told())) {
  world w;
  give_by_name(w.modules, "keeper_a", 0, "keeper_b");
  give_by_name(w.modules, "keeper_b", 0, "keeper_a");
  give_by_name(w.modules, "keeper_a", 1, "keeper_c");
  give_by_name(w.modules, "keeper_b", 1, "keeper_c");
  const auto report = w.modules.final_close();
  const std::string of_c = told_of(report, "keeper_c");
  CAPTURE(of_c);
  CHECK(contains(of_c, "which they need"));
  const std::size_t end_of_circle = of_c.find("hold each other");
  CHECK(end_of_circle != std::string::npos);
  CHECK(of_c.substr(0, end_of_circle).find("keeper_c") == std::string::npos);
}

TEST_CASE("a cycle that was broken is told no more, and its modules go" * doctest::skip(!told())) {
  world w;
  give_by_name(w.modules, "keeper_a", 0, "keeper_b");
  give_by_name(w.modules, "keeper_b", 0, "keeper_a");
  CHECK(contains(told_of(w.modules.final_close(), "keeper_a"), "hold each other"));
  CHECK(told_of(w.modules.report(), "keeper_a") == "references to it are alive"); // only a final close looks
  const auto take_back = [&](const char* keeper) {
    const tenure::module m = w.modules.open(tenure_test::module_path(keeper));
    delete static_cast<tenure::module*>(m.symbol<void*(int)>("give_back")(0));
  };
  take_back("keeper_a");
  take_back("keeper_b");
  CHECK(w.modules.final_close().count(tenure::unload_outcome::busy) == 0);
}
