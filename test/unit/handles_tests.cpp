// Handles: what they count, and in which order they let go.
#include "modules/interface.hpp"
#include "support/closed.hpp"
#include "support/emulated.hpp"
#include "support/scratch.hpp"
#include "support/system_loader.hpp"

#include <tenure/factory.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <ostream>
#include <thread>
#include <type_traits>
#include <unordered_set>

using tenure::errc;
using tenure_test::all_closed;
using tenure_test::count_loaded;
using tenure_test::loader_unmaps;
using tenure_test::module_path;

static_assert(sizeof(tenure::module) == sizeof(void*));
static_assert(std::is_nothrow_move_constructible_v<tenure::module>);
static_assert(std::is_nothrow_move_assignable_v<tenure::module>);
static_assert(std::is_nothrow_copy_constructible_v<tenure::module>);
static_assert(!std::is_convertible_v<tenure::module, bool>);
static_assert(!std::is_convertible_v<tenure::module, void*>);
static_assert(!std::is_copy_constructible_v<tenure::instance<widget>>);
static_assert(std::is_nothrow_move_constructible_v<tenure::instance<widget>>);
static_assert(!std::is_copy_constructible_v<tenure::manager<>>);

struct basic_counter; // of test/modules/basic.cpp

namespace {

using immediate = tenure::manager<tenure::policy::immediate>;

std::uint32_t references(const auto& manager, const tenure::module& m) {
  for (const auto& e : manager.report())
    if (std::string(e.path) == m.path()) return e.references;
  return 0;
}

} // namespace

TEST_CASE("a copy counts one reference, a move none, a destroyed handle gives its one back") {
  immediate modules;
  tenure::module a = modules.open(module_path("basic"));
  CHECK(references(modules, a) == 1);
  {
    const tenure::module b = a;
    CHECK(references(modules, a) == 2);
    CHECK(a == b);
  }
  CHECK(references(modules, a) == 1);
  const tenure::module c = std::move(a);
  CHECK(references(modules, c) == 1);
  CHECK(!a);
}

TEST_CASE("the last release under immediate unloads, and the report of what is loaded is empty") {
  immediate modules;
  {
    const tenure::module a = modules.open(module_path("basic"));
    CHECK(count_loaded(modules.report()) == 1);
  }
  CHECK(all_closed(modules.report()));
  CHECK(modules.stats().closes == 1);
  CHECK(modules.stats().lingers == static_cast<std::size_t>(tenure_test::left_behind(1)));
}

TEST_CASE("self-assignment and swap keep the counts") {
  immediate modules;
  tenure::module a = modules.open(module_path("basic"));
  tenure::module b = modules.open(module_path("second"));
  tenure::module& alias = a;
  a = alias;
  CHECK(references(modules, a) == 1);
  const std::string path_a = a.path();
  swap(a, b);
  CHECK(b.path() == path_a);
  CHECK(references(modules, a) == 1);
  CHECK(references(modules, b) == 1);
}

TEST_CASE("handles hash and compare by module") {
  immediate modules;
  const tenure::module a = modules.open(module_path("basic"));
  const tenure::module b = modules.open(module_path("second"));
  std::unordered_set<tenure::module> set{a, b, a};
  CHECK(set.size() == 2);
  CHECK((a < b) != (b < a));
}

TEST_CASE("a function and a variable are found by name, and keep their module loaded") {
  immediate modules;
  tenure::symbol<int(int, int)> add;
  {
    const tenure::module a = modules.open(module_path("basic"));
    add = a.symbol<int(int, int)>("add");
    CHECK(*a.symbol<int>("version") == 7);
  }
  CHECK(add(40, 2) == 42);
  CHECK(count_loaded(modules.report()) == 1);
  add = {};
  CHECK(all_closed(modules.report()));
}

TEST_CASE("a missing symbol is an error that names module and symbol") {
  immediate modules;
  const tenure::module a = modules.open(module_path("basic"));
  try {
    static_cast<void>(a.symbol<int()>("no_such_function"));
    FAIL("no error");
  } catch (const tenure::error& e) {
    CHECK(e.code() == tenure::errc::symbol_not_found);
    CHECK(std::string(e.what()).find("no_such_function") != std::string::npos);
    CHECK(std::string(e.what()).find("basic") != std::string::npos);
  }
  std::error_code code;
  CHECK(!a.symbol<int()>("no_such_function", code));
  CHECK(code == tenure::errc::symbol_not_found);
  tenure::failure why;
  CHECK(!tenure::module().symbol<int()>("answer", why));
  CHECK(why.code() == tenure::errc::empty_handle);
}

TEST_CASE("an api binds all or nothing, and one error names all that is missing") {
  using api = tenure::api<tenure::fn<"add", int(int, int)>, tenure::var<"version", int>>;
  using wrong =
      tenure::api<tenure::fn<"add", int(int, int)>, tenure::fn<"absent", void()>, tenure::var<"gone", int>>;
  immediate modules;
  api bound = modules.open(module_path("basic")).bind<api>();
  CHECK(bound.call<"add">(1, 2) == 3);
  CHECK(*bound.get<"version">() == 7);
  tenure::failure why;
  CHECK(!bound.owner().bind<wrong>(why));
  CHECK(why.code() == tenure::errc::api_incomplete);
  CHECK(std::string(why.missing()) == "absent, gone");
}

TEST_CASE("a variable is not called, and a function is not taken for a variable") {
  immediate modules;
  const tenure::module m = modules.open(module_path("basic"));
  tenure::failure why;
  CHECK(!m.symbol<int()>("version", why));
  CHECK(why.code() == tenure::errc::symbol_kind_mismatch);
  CHECK(std::string(why.what()).find("version: it is a variable") != std::string::npos);
  CHECK(!m.bind<tenure::api<tenure::fn<"version", int()>>>(why));
  CHECK(std::string(why.missing()) == "version");
  CHECK(m.symbol<char>("answer").get() != nullptr);
  if (!tenure_test::functions_are_told) return;
  CHECK(!m.symbol<int>("answer", why));
  CHECK(why.code() == tenure::errc::symbol_kind_mismatch);
  CHECK(std::string(why.what()).find("answer: it is a function") != std::string::npos);
}

TEST_CASE("a symbol whose value is null is no function, nor a factory") {
  tenure::manager<> modules;
  const tenure::static_symbol symbols[] = {{"null_function", nullptr}, {"answer", nullptr}};
  tenure::module stands[] = {modules.add_static("with null", symbols), modules.open(module_path("basic"))};
  for (const tenure::module& m : stands) {
    tenure::failure why;
    for (int i = 0; i != 2; ++i) { // also once it is remembered
      CHECK(!m.symbol<int()>("null_function", why));
      CHECK(why.code() == tenure::errc::symbol_not_found);
    }
    CHECK(!m.create<widget>({"null_function", "answer"}, why));
    CHECK(why.code() == tenure::errc::symbol_not_found);
  }
}

TEST_CASE("an instance keeps its module and lets it go after the object") {
  immediate modules;
  {
    tenure::instance<widget> w = modules.open(module_path("basic")).create<widget>("make_widget");
    CHECK(w->value() == 42);
    CHECK(count_loaded(modules.report()) == 1);
  }
  CHECK(all_closed(modules.report()));
  auto freed = modules.open(module_path("basic")).create<widget>({"make_widget", "free_widget"});
  CHECK(freed->value() == 42);
}

TEST_CASE("an object of which the host knows only the type's name, as C's interfaces have them, is one like any other") {
  immediate modules;
  const tenure::module m = modules.open(module_path("basic"));
  const auto next = m.symbol<int(basic_counter*)>("counter_next");
  const auto freed = m.symbol<int()>("counters_freed_so_far");
  {
    auto counter = m.create<basic_counter(int)>({"counter_new", "counter_free"}, 7);
    CHECK(next(counter.get()) == 7);
    tenure::instance<basic_counter> moved = std::move(counter);
    CHECK(next(&*moved) == 8);
    CHECK(freed() == 0);
  }
  CHECK(freed() == 1);
  const tenure::factory<basic_counter(int)> counters(m, {"counter_new", "counter_free"});
  CHECK(next(counters.create(3).get()) == 3);
  CHECK(freed() == 2);
  tenure::failure why;
  CHECK(!m.create<basic_counter(int)>("counter_new", why, 1)); // nobody could destroy it
  CHECK(why.code() == errc::name_missing);
}

TEST_CASE("a factory that returns null is an error, and the module is released") {
  immediate modules;
  CHECK_THROWS_AS(static_cast<void>(modules.open(module_path("basic")).create<widget>("make_nothing")),
                  tenure::error);
  CHECK(all_closed(modules.report()));
}

TEST_CASE("a weak handle revives an idle module and is empty once it is gone") {
  tenure::manager<tenure::policy::final_close> modules;
  tenure::weak_module weak = modules.open(module_path("basic"));
  CHECK(weak.lock()); // idle: revived
  CHECK(modules.stats().revives >= 1);
  CHECK(all_closed(modules.final_close()));
  CHECK(!weak.lock());
  const tenure::module again = modules.open(module_path("basic"));
  CHECK(!weak.lock()); // it was of another life, also where the pages never left
}

TEST_CASE("a pin keeps a module resident without using it") {
  immediate modules;
  tenure::pin pin = modules.open(module_path("basic")).pin();
  REQUIRE(modules.report().size() == 1);
  CHECK(modules.report().begin()->outcome == tenure::unload_outcome::pinned);
  pin.reset();
  CHECK(all_closed(modules.report()));
}

TEST_CASE("handles, weak handles and pins may outlive their manager") {
  tenure::module a;
  tenure::weak_module w;
  tenure::pin p;
  {
    immediate modules;
    a = modules.open(module_path("basic"));
    w = a;
    p = modules.open(module_path("second")).pin();
  }
  CHECK(a.symbol<int()>("answer")() == 42);
  CHECK(w.lock());
  a.reset();
  CHECK(!w.lock());
}

TEST_CASE("the last release from inside the module is deferred to the next safe point") {
  immediate modules;
  tenure::module a = modules.open(module_path("basic"));
  int (*call_back)(void (*)(void*), void*) = a.symbol<int(void (*)(void*), void*)>("call_back").get();
  CHECK(call_back([](void* handle) { static_cast<tenure::module*>(handle)->reset(); }, &a) == 1);
  REQUIRE(modules.report().size() == 1);
  CHECK(modules.report().begin()->outcome == tenure::unload_outcome::deferred);
  CHECK(all_closed(modules.sweep()));
  CHECK(all_closed(modules.report()));
}

TEST_CASE("what waited for a thread that has ended is closed by anybody's sweep") {
  immediate modules;
  std::thread([&modules] {
    tenure::module a = modules.open(module_path("basic"));
    auto call_back = a.symbol<int(void (*)(void*), void*)>("call_back").get();
    call_back([](void* handle) { static_cast<tenure::module*>(handle)->reset(); }, &a);
    REQUIRE(modules.report().begin()->outcome == tenure::unload_outcome::deferred);
  }).join();
  const auto closed_by_sweep = [&] { return all_closed(modules.sweep()) && all_closed(modules.report()); };
  CHECK(tenure_test::holds_at_once(closed_by_sweep));
}

TEST_CASE("what a manager that is destroyed inside a module had to leave is closed at the thread's next safe point") {
  tenure::weak_module left;
  {
    auto modules = std::make_unique<immediate>();
    tenure::module a = modules->open(module_path("basic"));
    left = a;
    auto call_back = a.symbol<int(void (*)(void*), void*)>("call_back").get();
    a.reset();
    a = modules->open(module_path("basic"));
    call_back = a.symbol<int(void (*)(void*), void*)>("call_back").get();
    struct both {
      tenure::module& handle;
      std::unique_ptr<immediate>& manager;
    } everything{a, modules};
    const auto drop = [](void* context) {
      auto& b = *static_cast<both*>(context);
      b.handle.reset();
      b.manager.reset();
    };
    CHECK(call_back(drop, &everything) == 1);
  }
  immediate other;
  const tenure::module second = other.open(module_path("second"));
  const bool mapped = static_cast<bool>(other.open_if_loaded(module_path("basic"))); // asks the system, too
  CHECK(mapped == !loader_unmaps());
}

TEST_CASE("the end of the outermost guard is a safe point") {
  immediate modules;
  tenure::module a = modules.open(module_path("basic"));
  const tenure::module other = modules.open(module_path("second"));
  auto call_back = a.symbol<int(void (*)(void*), void*)>("call_back").get();
  {
    auto outer = other.enter();
    CHECK(call_back([](void* handle) { static_cast<tenure::module*>(handle)->reset(); }, &a) == 1);
    CHECK(count_loaded(modules.report()) == 2);
  }
  CHECK(count_loaded(modules.report()) == 1);
}

TEST_CASE("one module however its file is named") {
  immediate modules;
  const tenure::module a = modules.open(module_path("basic"));
  const std::string path = a.path();
  const std::string folder = tenure_test::module_dir();
  CHECK(modules.open(folder + "/./basic") == a);
  CHECK(modules.open(folder + "/../" + folder.substr(folder.rfind('/') + 1) + "/basic") == a);
  CHECK(modules.open(path) == a);
  CHECK(modules.open_if_loaded(path) == a);
  CHECK(count_loaded(modules.report()) == 1);
}

TEST_CASE("one module by any number of spellings, of which not all are remembered") {
  const tenure_test::scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::immediate> modules;
  const tenure::module m = modules.open(file);
  const std::string base = file.substr(file.find_last_of("/\\") + 1);
  std::string spelling = folder.folder() + "/";
  for (int i = 0; i != 200; ++i) {
    spelling += "./";
    for (int again = 0; again != 2; ++again) CHECK(modules.open(spelling + base) == m);
  }
  CHECK(modules.stats().loads == 1);
}

TEST_CASE("open_if_loaded loads nothing") {
  const tenure_test::scratch folder;
  immediate modules;
  CHECK(!modules.open_if_loaded(folder.copy("basic")));
  CHECK(all_closed(modules.report()));
}

namespace {

using bound_answer = tenure::api<tenure::fn<"answer", int()>>;

// Of types that do not depend on the template.
template <class> void assign_nothing(tenure::module& h) { h = {}; }
template <class> void assign_nothing(tenure::symbol<int()>& h) { h = {}; }
template <class> void assign_nothing(bound_answer& h) { h = {}; }
template <class> void assign_nothing(tenure::pin& h) { h = {}; }
template <class> void assign_nothing(tenure::weak_module& h) { h = {}; }
template <class> void assign_nothing(tenure::failure& h) { h = {}; }

} // namespace

// Clang 14 does not destroy a parameter by value that `{}` in a template has made.
TEST_CASE("whatever is assigned {} in a template lets go of its module") {
  const tenure_test::scratch folder;
  tenure::manager<tenure::policy::immediate> modules;
  tenure::module m = modules.open(folder.copy("basic"));
  tenure::symbol<int()> function = m.symbol<int()>("answer");
  auto bound = m.bind<bound_answer>();
  tenure::pin pinned = m.pin();
  tenure::weak_module weak = m;
  tenure::failure why;
  CHECK(!modules.open("no_such_module", why));
  assign_nothing<void>(m);
  assign_nothing<void>(function);
  assign_nothing<void>(bound);
  CHECK(modules.stats().closes == 0);
  assign_nothing<void>(pinned);
  CHECK(modules.stats().closes == 1);
  assign_nothing<void>(weak);
  assign_nothing<void>(why);
  CHECK(!why);
}

TEST_CASE("a bare name is decorated and looked for in the search path, in order") {
  immediate modules;
  modules.add_search_path(tenure_test::module_dir() + "/nowhere");
  modules.add_search_path(tenure_test::module_dir());
  const tenure::module a = modules.open("basic");
  CHECK(a == modules.open(module_path("basic")));
}

TEST_CASE("a failed search lists the places tried") {
  immediate modules;
  modules.add_search_path("/nowhere_at_all");
  tenure::failure why;
  CHECK(!modules.open("no_such_plugin", why));
  CHECK(why.code() == tenure::errc::file_not_found);
  CHECK(std::string(why.what()).find("nowhere_at_all") != std::string::npos);
}

TEST_CASE("a static module has the same interface") {
  immediate modules;
  static int number = 5;
  static const tenure::static_symbol symbols[] = {{"number", &number}};
  {
    const tenure::module m = modules.add_static("built_in", symbols);
    CHECK(*modules.open("built_in").symbol<int>("number") == 5);
    CHECK(m.native_handle() == nullptr);
    CHECK_THROWS_AS(static_cast<void>(modules.add_static("built_in", symbols)), tenure::error);
  }
  CHECK(*modules.open("built_in").symbol<int>("number") == 5);
  const auto report = modules.final_close();
  CHECK(report.count(tenure::unload_outcome::kept) == 1);
}

TEST_CASE("a module is found by an address in it") {
  immediate modules;
  const tenure::module a = modules.open(module_path("basic"));
  const auto answer = a.symbol<int()>("answer");
  CHECK(modules.containing(reinterpret_cast<const void*>(answer.get())) == a);
  int on_the_stack = 0;
  std::error_code code;
  CHECK(!modules.containing(&on_the_stack, code));
  CHECK(code == tenure::errc::no_module_at_address);
}

TEST_CASE("why an object could not be made is told to whoever asks") {
  struct plain {
    int value;
  };
  immediate modules;
  const tenure::module m = modules.open(module_path("basic"));
  tenure::failure why;
  CHECK(!m.create<widget>("no_such_function", why));
  CHECK(why.code() == errc::symbol_not_found);
  CHECK(!m.create<widget>("make_nothing", why));
  CHECK(why.code() == errc::factory_returned_null);
  CHECK(!tenure::module().create<widget>("make_widget", why));
  CHECK(why.code() == errc::empty_handle);
  CHECK(!m.create<plain>("make_widget", why)); // of a type whose destructor is the host's
  CHECK(why.code() == errc::name_missing);
  CHECK(std::string(why.what()).find("make_widget") != std::string::npos);
  CHECK_THROWS_AS(static_cast<void>(m.create<plain>("make_widget")), tenure::error);
  CHECK_THROWS_AS(tenure::factory<plain>(m, "make_widget"), tenure::error);
  CHECK(m.create<widget>("make_widget", why)->value() == 42);
  CHECK(!why);
  std::error_code code;
  const tenure::factory<widget> none(m, "no_such_function", code);
  CHECK(code == errc::symbol_not_found);
  CHECK(!none.create());
  const tenure::factory<widget> some(m, "make_widget", code);
  CHECK(!code);
  CHECK(some.create()->value() == 42);
  modules.add_search_path("", why);
  CHECK(why.code() == errc::path_empty);
}
