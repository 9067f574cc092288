// Each kind of holder is listed with its kind and the line that took it, and is gone from the list when it
// ends.
#include "held.hpp"
#include "modules/interface.hpp"
#include "support/closed.hpp"

#include <tenure/api.hpp>
#include <tenure/cached_symbol.hpp>
#include <tenure/class_table.hpp>
#include <tenure/controller.hpp>
#include <tenure/dependency.hpp>
#include <tenure/keyed.hpp>
#include <tenure/lock_owner.hpp>
#include <tenure/make.hpp>
#include <tenure/thread.hpp>
#include <tenure/token.hpp>

#include <doctest/doctest.h>

#include <ostream>
#include <stdexcept>
#include <type_traits>

using tenure::holder_kind;
using tenure_test::count;
using tenure_test::entry;
using tenure_test::module_path;
using tenure_test::only;

static_assert(sizeof(tenure::module) == sizeof(void*));
static_assert(sizeof(tenure::pin) == sizeof(void*));
static_assert(std::is_nothrow_move_constructible_v<tenure::module>);
static_assert(std::is_nothrow_move_assignable_v<tenure::module>);
static_assert(std::is_nothrow_copy_constructible_v<tenure::module>);
static_assert(std::is_nothrow_copy_assignable_v<tenure::module>);
static_assert(!std::is_copy_constructible_v<tenure::instance<widget>>);

namespace {

constexpr std::string_view in_kinds = "kinds_tests.cpp";

struct fixture {
  tenure::manager<> modules;
  tenure::module basic;
  unsigned opened = 0;

  fixture() {
    basic = modules.open(module_path("basic"));
    opened = __LINE__ - 1;
  }
  std::string listed() const { return tenure_test::kinds_and_lines(basic.holders(), in_kinds); }
  // What is expected behind the handle above.
  std::string with(holder_kind kind, unsigned line) const {
    return entry(holder_kind::handle, opened) + ", " + entry(kind, line);
  }
  std::string alone() const { return entry(holder_kind::handle, opened); }
};

unsigned add_one(tenure::module m, unsigned& line) { // a copy that a call makes
  line = tenure_test::only(m.holders(), holder_kind::handle).taken.line;
  return 1;
}

} // namespace

TEST_CASE_FIXTURE(fixture, "an open is listed with its line, its function, its thread and nothing unlisted") {
  const tenure::holder_list all = basic.holders();
  REQUIRE(all.size() == 1);
  CHECK(listed() == alone());
  CHECK(all.begin()->kind == holder_kind::handle);
  CHECK(all.begin()->thread != 0);
  CHECK(all.begin()->age >= tenure::duration{});
  CHECK(all.unlisted() == 0);
  CHECK(all.complete());
  CHECK(std::string(all.begin()->text).find("kinds_tests.cpp:" + std::to_string(opened)) !=
        std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "the list of an empty handle is empty") {
  CHECK(tenure::module().holders().empty());
}

TEST_CASE_FIXTURE(fixture, "all ways in of a manager are listed with their caller's line") {
  const auto line = [&](const tenure::module& m) {
    const tenure::holder_list all = m.holders();
    unsigned last = 0;
    for (const tenure::holder& h : all) last = h.taken.line == opened ? last : h.taken.line;
    return last;
  };
  tenure::failure why;
  const tenure::open_options plain;
  CHECK(line(modules.open(module_path("basic"), why)) == __LINE__);
  CHECK(line(modules.open(module_path("basic"), plain, why)) == __LINE__);
  CHECK(line(modules.open_if_loaded(module_path("basic"))) == __LINE__);
  void* const code = reinterpret_cast<void*>(basic.symbol<int()>("answer").get());
  CHECK(line(modules.containing(code)) == __LINE__);
  CHECK(line(modules.containing(code, why)) == __LINE__);
  const tenure::weak_module weak = basic;
  CHECK(line(weak.lock()) == __LINE__);
  const tenure::cached_symbol<int()> cached = basic.symbol<int()>("answer");
  CHECK(line(cached.lock().owner()) == __LINE__);
  CHECK(listed() == alone());
}

TEST_CASE_FIXTURE(
    fixture, "a copy is listed with the line that makes it: initialised, assigned, passed and captured") {
  const tenure::module a = basic;
  constexpr unsigned initialised = __LINE__ - 1;
  CHECK(listed() == with(holder_kind::handle, initialised));
  tenure::module b;
  b = basic;
  constexpr unsigned assigned = __LINE__ - 1;
  CHECK(tenure_test::kinds_and_lines(b.holders(), in_kinds).ends_with(entry(holder_kind::handle, assigned)));
  basic.reset();
  b.reset();
  {
    const auto captured = [a] { return a.holders().size(); };
    CHECK(captured() == 2);
  }
  CHECK(tenure_test::kinds_and_lines(a.holders(), in_kinds) == entry(holder_kind::handle, initialised));
}

TEST_CASE_FIXTURE(fixture, "an argument by value is the caller's line while the call lasts") {
  tenure::module moved = std::move(basic);
  unsigned line = 0;
  CHECK(add_one(std::move(moved), line) == 1);
  CHECK(line == opened);
}

TEST_CASE_FIXTURE(fixture, "symbols, and copies of symbols") {
  const unsigned line = __LINE__ + 1;
  tenure::symbol<int()> f = basic.symbol<int()>("answer");
  CHECK(listed() == with(holder_kind::symbol, line));
  {
    const tenure::symbol<int()> g = f;
    CHECK(listed() == with(holder_kind::symbol, line) + ", " + entry(holder_kind::symbol, line + 3));
  }
  tenure::symbol<int()> h = std::move(f);
  CHECK(listed() == with(holder_kind::symbol, line));
  f = h;
  h = {};
  CHECK(listed() == with(holder_kind::symbol, line + 8));
  CHECK(f() == 42);
}

TEST_CASE_FIXTURE(fixture, "a struct of symbols, and its copies") {
  using basic_api = tenure::api<tenure::fn<"answer", int()>, tenure::var<"version", int>>;
  auto bound = basic.bind<basic_api>();
  CHECK(listed() == with(holder_kind::api, __LINE__ - 1));
  auto copy = bound;
  bound = {};
  CHECK(listed() == with(holder_kind::api, __LINE__ - 2));
  CHECK(copy.call<"answer">() == 42);
  CHECK(*copy.get<"version">() == 7);
}

TEST_CASE_FIXTURE(fixture, "an object, however it is moved, is its create's line") {
  auto made = basic.create<widget>("make_widget");
  CHECK(listed() == with(holder_kind::instance, __LINE__ - 1));
  tenure::instance<widget> other = std::move(made);
  CHECK(listed() == with(holder_kind::instance, __LINE__ - 3));
  other.reset();
  CHECK(listed() == alone());
  CHECK_THROWS_AS(static_cast<void>(basic.create<widget>("make_nothing")), tenure::error);
  CHECK(listed() == alone());
}

TEST_CASE_FIXTURE(fixture, "an object of a factory is the factory's line") {
  const tenure::factory<widget> factory(basic, "make_widget");
  const auto made = factory.create();
  CHECK(listed() == with(holder_kind::instance, __LINE__ - 2));
}

TEST_CASE_FIXTURE(fixture, "guards and calls") {
  {
    auto inside = basic.enter();
    CHECK(listed() == with(holder_kind::guard, __LINE__ - 1));
  }
  unsigned line = __LINE__ + 1;
  basic.call([&] { CHECK(listed() == with(holder_kind::call, line)); });
  const int sum = basic.call(
      [&](int a, int b) {
        const tenure::holder_list all = basic.holders();
        const tenure::holder call = only(all, holder_kind::call);
        CHECK(call.count == 1);
        CHECK(std::string(call.taken.function).find("call") != std::string::npos);
        return a + b;
      },
      2, 3);
  CHECK(sum == 5);
  CHECK(listed() == alone());
}

TEST_CASE_FIXTURE(fixture, "pins, and their copies") {
  const unsigned line = __LINE__ + 1;
  tenure::pin stay = basic.pin();
  CHECK(listed() == with(holder_kind::pin, line));
  {
    const tenure::pin copy = stay;
    CHECK(listed() == with(holder_kind::pin, line) + ", " + entry(holder_kind::pin, line + 3));
  }
  const tenure::pin moved = std::move(stay);
  CHECK(listed() == with(holder_kind::pin, line));
  CHECK(basic.holders().unlisted() == 0);
}

TEST_CASE_FIXTURE(fixture,
                  "locks of an owner are one holder with his name, their number and the first one's line") {
  {
    tenure::lock_owner shell("shell");
    shell.lock(basic);
    shell.lock(basic);
    const tenure::holder_list all = basic.holders();
    const tenure::holder lock = only(all, holder_kind::lock);
    CHECK(std::string(lock.name) == "shell");
    CHECK(lock.count == 2);
    CHECK(lock.taken.line == __LINE__ - 6);
    CHECK(all.unlisted() == 0);
    shell.unlock(basic);
    CHECK(only(basic.holders(), holder_kind::lock).count == 1);
  }
  CHECK(listed() == alone());
}

TEST_CASE_FIXTURE(fixture, "tokens, one by one, and the source that holds the module for them") {
  {
    tenure::token_source source(basic);
    CHECK(listed() == with(holder_kind::token_source, __LINE__ - 1));
    tenure::token first = source.acquire();
    const tenure::token_id second = source.acquire().detach();
    CHECK(count(basic.holders(), holder_kind::token) == 2);
    CHECK(only(basic.holders(), holder_kind::token_source).count == 1);
    CHECK(basic.holders().unlisted() == 0);
    first.reset();
    CHECK(only(basic.holders(), holder_kind::token).taken.line == __LINE__ - 5);
    source.revoke(second);
    CHECK(listed() == alone()); // the last token was revoked: the source has ended
  }
  {
    tenure::token_source container(basic);
    const tenure::token_source part = container.part();
    const tenure::token mine = part.acquire();
    CHECK(only(basic.holders(), holder_kind::token).taken.line == __LINE__ - 1);
    tenure::token_source gone = std::move(container); // ends it, with the part's token out
  }
  CHECK(listed() == alone());
}

TEST_CASE_FIXTURE(fixture, "a controller, and the tokens that its shutdown ends") {
  tenure::token_source source(basic);
  const tenure::token mine = source.acquire();
  tenure::controller end(basic);
  CHECK(only(basic.holders(), holder_kind::controller).taken.line == __LINE__ - 1);
  const tenure::controller copy = end;
  CHECK(count(basic.holders(), holder_kind::controller) == 2);
  CHECK(end.shutdown(tenure::seconds(0), tenure::shutdown_mode::force));
  CHECK(listed() == with(holder_kind::controller, __LINE__ - 3));
}

TEST_CASE_FIXTURE(fixture, "a shutdown that is refused names the calls") {
  const unsigned line = __LINE__ + 1;
  const auto inside = basic.enter();
  tenure::module other = basic;
  std::string told;
  tenure::module_thread stopper(std::move(other), [&] {
    tenure::controller end(basic);
    told = end.shutdown(tenure::seconds(0), tenure::shutdown_mode::refuse).why.what();
  });
  stopper.join();
  CHECK(told.find("guard") != std::string::npos);
  CHECK(told.find("kinds_tests.cpp:" + std::to_string(line)) != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "a thread is listed while it runs the module's code, and not under its handle") {
  tenure::holder seen;
  const auto look = [&] { seen = only(basic.holders(), holder_kind::thread); };
  const unsigned line = __LINE__ + 1;
  tenure::module_thread thread(modules.open(module_path("basic")), look);
  thread.join();
  CHECK(seen.taken.line == line);
  CHECK(listed() == alone());
}

TEST_CASE_FIXTURE(fixture, "what another module needs is listed with that module's path") {
  tenure::module user = modules.open(module_path("second"));
  tenure::depend(user, basic);
  const tenure::holder_list all = basic.holders();
  const tenure::holder edge = only(all, holder_kind::dependency);
  CHECK(std::string(edge.name) == user.path());
  CHECK(edge.taken.line == __LINE__ - 4);
  tenure::depend(user, basic); // there is such an edge already
  CHECK(count(basic.holders(), holder_kind::dependency) == 1);
  CHECK_THROWS_AS(tenure::depend(basic, user), tenure::error);
  CHECK(count(user.holders(), holder_kind::dependency) == 0);
  user.reset();
  static_cast<void>(modules.final_close());
  // What is closed and stays mapped goes on to need it.
  CHECK(listed() ==
        (tenure_test::loader_unmaps() ? alone() : with(holder_kind::dependency, edge.taken.line)));
}

TEST_CASE_FIXTURE(fixture, "objects by key, and their tables") {
  tenure::instance_table objects;
  auto made = objects.create<widget>(basic, "make_widget");
  CHECK(listed() == with(holder_kind::keyed_object, __LINE__ - 1));
  CHECK(made.owner() == basic);
  CHECK(objects.owner(made.key()) == basic);
  CHECK(objects.destroy(made.key()) == tenure::errc::ok);
  CHECK(listed() == alone());
}

TEST_CASE_FIXTURE(fixture, "registered classes by name, and their clients") {
  tenure::class_table classes;
  int object = 7;
  const tenure::registration number = classes.add("speller", basic, &object);
  {
    const tenure::holder_list all = basic.holders();
    CHECK(std::string(only(all, holder_kind::registration).name) == "speller");
    CHECK(only(all, holder_kind::registration).taken.line == __LINE__ - 4);
  }
  const auto client = classes.find<int>("speller");
  CHECK(only(basic.holders(), holder_kind::class_object).taken.line == __LINE__ - 1);
  CHECK(basic.holders().unlisted() == 0);
  classes.revoke(number);
  CHECK(listed() == with(holder_kind::class_object, __LINE__ - 4));
}

TEST_CASE_FIXTURE(fixture, "an exception that the module let out, until it is gone") {
  std::exception_ptr kept;
  try {
    basic.call([] { throw std::runtime_error("thrown inside"); });
  } catch (...) {
    kept = std::current_exception();
  }
  const bool held = basic.holders().size() == 2; // where the compiler lets it be held
  CHECK(count(basic.holders(), holder_kind::exception) == (held ? 1 : 0));
  kept = nullptr;
  CHECK(basic.holders().size() == 1);
}
