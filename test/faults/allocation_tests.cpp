// Every allocation of every operation fails once, in turn. Then: the operation has said so or has succeeded,
// nothing is lost, nothing is left behind, and everything works afterwards.
#include "faults/failing_new.hpp"
#include "support/closed.hpp"
#include "support/scratch.hpp"
#include "support/system_loader.hpp"

#include <tenure/sweeper.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <deque>
#include <filesystem>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

using tenure::errc;
using tenure_test::count_loaded;
using tenure_test::is_gone;
using tenure_test::is_loaded;
using tenure_test::is_mapped;
using tenure_test::scratch;

namespace {

// Else a path becomes UTF-16 whenever the system is asked about its file.
constexpr bool paths_are_bytes = std::is_same_v<std::filesystem::path::value_type, char>;

constexpr int enough = 500; // allocations; no operation comes near

// Runs `attempt(n)` with n = 1, 2, ... until no allocation was refused any more.
template <class Attempt> void for_each_allocation(Attempt&& attempt) {
  for (int n = 1; n != enough; ++n) {
    CAPTURE(n);
    if (!attempt(n)) {
      CHECK(n > 1); // it does allocate: else the case is about nothing
      return;
    }
  }
  FAIL("the operation never succeeds");
}

// One operation with the n-th allocation refused. True if one was.
template <class Operation> bool with_failure(int n, Operation&& operation) {
  tenure_test::fail_allocation(n);
  try {
    operation();
  } catch (const std::bad_alloc&) {
    tenure_test::stop_failing();
    return true;
  }
  return tenure_test::stop_failing();
}

struct files {
  scratch folder;
  std::string a = folder.copy("basic");
  std::string b = folder.copy("second");
};

using keeping = tenure::manager<tenure::policy::final_close>;

// A manager with an active and an idle module, and more of either so that tables grow at different steps.
struct world {
  keeping modules;
  tenure::module active;
  explicit world(const files& f)
      : active(modules.open(f.b)) {}

  void check_unharmed(const std::string& file) {
    CHECK(active.symbol<int()>("answer")() == 42);
    CHECK(modules.open(file).symbol<int()>("answer")() == 42);
    static_cast<void>(modules.final_close());
    CHECK(!is_loaded(modules, file));
    CHECK(count_loaded(modules.report()) == 1);
    CHECK(modules.stats().active == 1);
  }
};

} // namespace

TEST_CASE("opening a file") {
  const files f;
  for_each_allocation([&](int n) {
    world w{f};
    tenure::module opened;
    tenure::failure why;
    const bool refused = with_failure(n, [&] { opened = w.modules.open(f.a, why); });
    CHECK((opened || why.code() == errc::out_of_memory));
    CHECK((refused || opened));
    CHECK(is_loaded(w.modules, f.a) == static_cast<bool>(opened));
    opened.reset();
    w.check_unharmed(f.a);
    return refused;
  });
}

TEST_CASE("opening throws std::bad_alloc where nothing else is said") {
  const files f;
  for_each_allocation([&](int n) {
    world w{f};
    const bool refused = with_failure(n, [&] { static_cast<void>(w.modules.open(f.a)); });
    w.check_unharmed(f.a);
    return refused;
  });
}

TEST_CASE("opening many files, so that each table grows under the failure") {
  const files f;
  std::vector<std::string> many;
  for (int i = 0; i != 12; ++i) many.push_back(f.folder.copy("basic", "many" + std::to_string(i) + ".so"));
  for_each_allocation([&](int n) {
    world w{f};
    bool refused = false;
    std::size_t opened = 0;
    std::vector<tenure::module> held;
    held.reserve(many.size());
    for (const std::string& file : many) {
      tenure::failure why;
      refused |= with_failure(refused ? 0 : n, [&] { held.push_back(w.modules.open(file, why)); });
      opened += held.back() ? 1u : 0u;
    }
    CHECK(opened >= many.size() - 1);
    for (const std::string& file : many) CHECK(w.modules.open(file)); // none is stuck half loaded
    held.clear();
    w.check_unharmed(f.a);
    return refused;
  });
}

TEST_CASE("opening by a bare name") {
  const files f;
  for_each_allocation([&](int n) {
    world w{f};
    w.modules.add_search_path(f.folder.folder());
    tenure::failure why;
    tenure::module opened;
    const bool refused = with_failure(n, [&] { opened = w.modules.open("basic", why); });
    CHECK((opened || why.code() == errc::out_of_memory));
    opened.reset();
    w.check_unharmed(f.a);
    return refused;
  });
}

TEST_CASE("an open that fails anyway says why, or that memory ran out") {
  const files f;
  const std::string text = f.folder.write("text.so", "not a module");
  for (const auto& each : {std::pair{std::string("no_such_module"), errc::file_not_found},
                           std::pair{f.folder.path("absent"), errc::file_not_found},
                           std::pair{text, errc::not_a_shared_library}}) {
    const auto& name = each.first; // not by structured bindings, which clang 14's lambdas cannot capture
    const errc cause = each.second;
    CAPTURE(name);
    for_each_allocation([&](int n) {
      world w{f};
      tenure::failure why;
      const bool refused = with_failure(n, [&] { CHECK_FALSE(w.modules.open(name, why)); });
      CHECK((why.code() == cause || (refused && why.code() == errc::out_of_memory)));
      w.check_unharmed(f.a);
      return refused;
    });
  }
}

TEST_CASE("to open what is in use, to look up again, to copy and to drop take no memory, also at an open "
          "that looks at the file" *
          doctest::skip(!paths_are_bytes)) {
  const files f;
  tenure::manager<> modules;
  const tenure::module held = modules.open(f.a);
  static_cast<void>(held.symbol<int()>("answer"));
  std::error_code code;
  const auto use = [&] {
    for (int i = 0; i != 10'000; ++i) { // at 66 of which the file is looked at
      const tenure::module again = modules.open(f.a, code);
      const tenure::module copy = again;
      static_cast<void>(copy.symbol<int()>("answer", code));
      if (tenure_test::misses_take_no_memory) static_cast<void>(copy.symbol<int()>("no_such_symbol", code));
    }
  };
  use();
  CHECK_FALSE(with_failure(1, use));
  CHECK((code == errc::symbol_not_found) == tenure_test::misses_take_no_memory);
}

TEST_CASE("reviving an idle module") {
  const files f;
  for_each_allocation([&](int n) {
    world w{f};
    static_cast<void>(w.modules.open(f.a));
    tenure::failure why;
    tenure::module opened;
    const bool refused = with_failure(n, [&] { opened = w.modules.open(f.a, why); });
    CHECK((opened || why.code() == errc::out_of_memory));
    CHECK(is_loaded(w.modules, f.a));
    CHECK(w.modules.stats().loads == 2);
    opened.reset();
    w.check_unharmed(f.a);
    return refused;
  });
}

TEST_CASE("adopting: on failure the handle stays the caller's") {
  const files f;
  for_each_allocation([&](int n) {
    world w{f};
    void* const handle = tenure_test::raw_open(f.a);
    tenure::failure why;
    tenure::module adopted;
    const bool refused = with_failure(n, [&] { adopted = w.modules.adopt(handle, why); });
    CHECK(is_mapped(f.a));
    if (!adopted) {
      CHECK(why.code() == errc::out_of_memory);
      tenure_test::raw_close(handle);
      CHECK(is_gone(f.a));
    }
    adopted.reset();
    w.check_unharmed(f.a);
    return refused;
  });
}

TEST_CASE("adopting what lingers: on failure it lingers on, and is opened as before") {
  const files f;
  const std::string more[] = {f.b, f.folder.copy("third"), f.folder.copy("other_code")};
  for_each_allocation([&](int n) {
    tenure::manager<tenure::policy::immediate> modules;
    std::vector<tenure::module> held; // as many as fit into the tables as they are
    for (const std::string& file : more) held.push_back(modules.open(file));
    void* const theirs = tenure_test::raw_open(f.a);
    CHECK(modules.open(f.a).symbol<int()>("answer")() == 42);
    REQUIRE(is_loaded(modules, f.a));
    tenure::failure why;
    tenure::module adopted;
    const bool refused = with_failure(n, [&] { adopted = modules.adopt(theirs, why); });
    if (!adopted) {
      CHECK(why.code() == errc::out_of_memory);
      tenure_test::raw_close(theirs);
    }
    adopted.reset();
    CHECK(modules.open(f.a).symbol<int()>("answer")() == 42);
    CHECK(is_gone(f.a));
    return refused;
  });
}

TEST_CASE("asking for the module at an address leaves no reference behind") {
  const files f;
  for_each_allocation([&](int n) {
    world w{f};
    {
      tenure::manager<tenure::policy::immediate> other;
      const tenure::module theirs = other.open(f.a);
      const auto inside = reinterpret_cast<const void*>(theirs.symbol<int()>("answer").get());
      tenure::failure why;
      tenure::module found;
      tenure_test::fail_allocation(n);
      found = w.modules.containing(inside, why);
      const bool refused = tenure_test::stop_failing();
      CHECK((found || why.code() == errc::out_of_memory));
      found.reset();
      static_cast<void>(w.modules.final_close());
      if (!refused) return false;
    }
    CHECK(is_gone(f.a));
    static_cast<void>(w.modules.final_close()); // what lingered while the other held it
    w.check_unharmed(f.a);
    return true;
  });
}

TEST_CASE("looking up symbols, binding them and making objects") {
  using api = tenure::api<tenure::fn<"add", int(int, int)>, tenure::var<"version", int>>;
  using wrong = tenure::api<tenure::fn<"add", int(int, int)>, tenure::fn<"absent", void()>>;
  const files f;
  world w{f};
  tenure::failure why;
  for_each_allocation([&](int n) {
    bool found = true;
    const bool refused =
        with_failure(n, [&] { found = static_cast<bool>(w.active.symbol<int()>("absent", why)); });
    CHECK(!found);
    CHECK((why.code() == errc::symbol_not_found || (refused && why.code() == errc::out_of_memory)));
    return refused;
  });
  for_each_allocation([&](int n) {
    api bound;
    const bool refused = with_failure(n, [&] { bound = w.active.bind<api>(why); });
    CHECK((bound ? bound.call<"add">(1, 2) == 3 : why.code() == errc::out_of_memory));
    return refused;
  });
  for_each_allocation([&](int n) {
    const bool refused = with_failure(n, [&] { CHECK_FALSE(w.active.bind<wrong>(why)); });
    CHECK((why.code() == errc::api_incomplete || (refused && why.code() == errc::out_of_memory)));
    return refused;
  });
  w.check_unharmed(f.a);
}

TEST_CASE("a sweep, a final close and a report close what they should, and say if they cannot list it") {
  const files f;
  for_each_allocation([&](int n) {
    world w{f};
    static_cast<void>(w.modules.open(f.a));
    std::optional<tenure::unload_report> report;
    const bool refused = with_failure(n, [&] { report = w.modules.final_close(); });
    CHECK(!is_loaded(w.modules, f.a));
    REQUIRE(report.has_value());
    CHECK((report->size() == 2 || !report->complete()));
    CHECK((refused || report->complete()));
    w.check_unharmed(f.a);
    return refused;
  });
  for_each_allocation([&](int n) {
    world w{f};
    std::optional<tenure::unload_report> report;
    const bool refused = with_failure(n, [&] { report = w.modules.report(); });
    CHECK((report->size() == 1 || !report->complete()));
    return refused;
  });
}

TEST_CASE("making a manager, a search path, a static module and a sweeper") {
  static int number = 1;
  static const tenure::static_symbol symbols[] = {{"number", &number}};
  for_each_allocation([&](int n) { return with_failure(n, [] { const keeping made; }); });
  std::deque<std::string> names; // outlive the manager
  keeping modules;
  for_each_allocation([&](int n) { return with_failure(n, [&] { modules.add_search_path("/nowhere"); }); });
  for_each_allocation([&](int n) {
    const std::string& name = names.emplace_back("built_in" + std::to_string(names.size()));
    const bool refused =
        with_failure(n, [&] { static_cast<void>(modules.add_static(name.c_str(), symbols)); });
    std::error_code code;
    CHECK((refused || *modules.open(name).symbol<int>("number") == 1));
    return refused;
  });
  for_each_allocation([&](int n) {
    return with_failure(n, [&] { const tenure::sweeper made(modules, tenure::minutes(1)); });
  });
  CHECK(modules.final_close().count(tenure::unload_outcome::busy) == 0);
}

TEST_CASE("a module that lingers leaves nothing behind, however often it is opened again and looked into") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::immediate> modules;
  void* const theirs = tenure_test::raw_open(file); // else it would be gone, and its record with it
  const auto use = [&] { CHECK(modules.open(file).symbol<int()>("answer")() == 42); };
  for (int i = 0; i != 3; ++i) use();
  const long before = tenure_test::blocks_in_use();
  for (int i = 0; i != 20; ++i) use();
  CHECK(tenure_test::blocks_in_use() == before);
  tenure_test::raw_close(theirs);
}

TEST_CASE("a symbol that is asked for as what it is not leaves nothing behind") {
  tenure::manager<> modules;
  const tenure::module m = modules.open(tenure_test::module_path("basic"));
  const auto ask = [&] {
    std::error_code code;
    CHECK(!m.symbol<int()>("version", code));
    CHECK(code == errc::symbol_kind_mismatch);
  };
  ask();
  const long before = tenure_test::blocks_in_use();
  for (int i = 0; i != 20; ++i) ask();
  CHECK(tenure_test::blocks_in_use() == before);
}
