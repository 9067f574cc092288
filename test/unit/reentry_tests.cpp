// Module code that calls the manager: initialisers and finalisers that open, release and close.
#include "support/closed.hpp"
#include "support/hook.hpp"
#include "support/scratch.hpp"
#include "support/system_loader.hpp"

#include <tenure/api.hpp>
#include <tenure/controller.hpp>
#include <tenure/shortcut.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using tenure_test::all_closed;
using tenure_test::is_loaded;
using tenure_test::loader_unmaps;
using tenure_test::scratch;

namespace {

// Three hooked modules, and what each does in its life.
struct stage {
  using action = std::function<void()>;
  scratch folder;
  std::string a = folder.copy("hooked_a");
  std::string b = folder.copy("hooked_b");
  std::string c = folder.copy("hooked_c");
  action when_a_starts = [] {};
  action when_a_ends = [] {};
  action when_b_starts = [] {};
  action when_b_ends = [] {};
  std::string story; // "+a" for an initialiser, "-a" for a finaliser
  tenure_test::hook hook{[this](const std::string& module, module_event what) {
    const bool starts = what == module_event::initialised;
    story += (starts ? '+' : '-') + module.substr(module.size() - 1);
    if (module == "hooked_a") (starts ? when_a_starts : when_a_ends)();
    if (module == "hooked_b") (starts ? when_b_starts : when_b_ends)();
  }};
};

template <class P> struct play : stage { tenure::manager<P> modules; };
using immediate_play = play<tenure::policy::immediate>;
using final_play = play<tenure::policy::final_close>;

// A loader that never unmaps runs no finaliser before the process ends, and each initialiser once: what is
// left of a story there.
std::string told_here(const std::string& story) {
  if (loader_unmaps()) return story;
  std::string told;
  for (std::size_t i = 0; i != story.size(); i += 2)
    if (story[i] == '+' && told.find(story.substr(i, 2)) == std::string::npos) told += story.substr(i, 2);
  return told;
}

// Cases about what a finaliser does to the manager: there is none to do it where no close runs finalisers.
const auto needs_finalisers = doctest::skip(!loader_unmaps());

} // namespace

TEST_CASE("an initialiser opens another module and keeps it") {
  immediate_play s;
  tenure::module kept;
  s.when_a_starts = [&] { kept = s.modules.open(s.b); };
  tenure::module a = s.modules.open(s.a);
  CHECK(kept.symbol<int()>("answer")() == 42);
  a.reset();
  CHECK(is_loaded(s.modules, s.b));
  kept.reset();
  CHECK(s.story == told_here("+a+b-a-b"));
}

TEST_CASE("an initialiser that opens its own module gets it, at once") {
  immediate_play s;
  tenure::module own;
  s.when_a_starts = [&] { own = s.modules.open(s.a); };
  tenure::module a = s.modules.open(s.a);
  CHECK(own == a);
  CHECK(own.symbol<int()>("answer")() == 42);
  CHECK(s.modules.stats().loads == 1);
  a.reset();
  CHECK(is_loaded(s.modules, s.a));
  own.reset();
  CHECK(!is_loaded(s.modules, s.a));
  CHECK(s.story == told_here("+a-a"));
}

TEST_CASE("an initialiser that opens its own module and lets it go does not unload it") {
  immediate_play s;
  s.when_a_starts = [&] {
    for (int i = 0; i != 3; ++i) CHECK(s.modules.open(s.a));
  };
  const tenure::module a = s.modules.open(s.a);
  CHECK(a.symbol<int()>("answer")() == 42);
  CHECK(s.modules.report().begin()->references == 1);
  CHECK(s.story == told_here("+a"));
}

TEST_CASE("symbols of a module that is still loading are an error, not a crash") {
  immediate_play s;
  tenure::failure why;
  s.when_a_starts = [&] {
    const tenure::module own = s.modules.open(s.a);
    static_cast<void>(own.symbol<int()>("answer", why));
  };
  static_cast<void>(s.modules.open(s.a));
  CHECK(why.code() == tenure::errc::module_is_loading);
}

namespace {

// What the initialiser of a module gets where it asks for a function of its own.
struct asked_too_early {
  tenure::errc by_name{};
  tenure::errc by_shortcut{};
  void ask(const tenure::module& own, tenure::shortcut<int()>& answer) {
    tenure::failure why;
    static_cast<void>(own.symbol<int()>("answer", why));
    by_name = why.code();
    try {
      static_cast<void>(answer.in(own));
    } catch (const tenure::error& e) {
      by_shortcut = static_cast<tenure::errc>(e.code().value());
    }
  }
};

} // namespace

TEST_CASE("a module that lingered, went and is loaded anew: its initialiser gets nothing of the old image" *
          needs_finalisers) {
  immediate_play s;
  tenure::shortcut<int()> answer("answer");
  asked_too_early early;
  void* const theirs = tenure_test::raw_open(s.a);
  CHECK(answer.in(s.modules.open(s.a))() == 42);
  CHECK(is_loaded(s.modules, s.a)); // it lingers
  tenure_test::raw_close(theirs);
  s.when_a_starts = [&] { early.ask(s.modules.open(s.a), answer); };
  const tenure::module again = s.modules.open(s.a);
  CHECK(early.by_name == tenure::errc::module_is_loading);
  CHECK(early.by_shortcut == tenure::errc::module_is_loading);
  CHECK(answer.in(again)() == 42);
  CHECK(s.story == "+a-a+a");
}

TEST_CASE("a shortcut that knows a module gives nothing to the one that is loaded in its record's place" *
          needs_finalisers) {
  immediate_play s;
  tenure::shortcut<int()> answer("answer");
  asked_too_early early;
  CHECK(answer.in(s.modules.open(s.a))() == 42);
  s.when_b_starts = [&] { early.ask(s.modules.open(s.b), answer); };
  const tenure::module b = s.modules.open(s.b);
  CHECK(early.by_name == tenure::errc::module_is_loading);
  CHECK(early.by_shortcut == tenure::errc::module_is_loading);
}

TEST_CASE("a look-up that cannot be made does not make a symbol missing") {
  using functions = tenure::api<tenure::fn<"answer", int()>>;
  immediate_play s;
  tenure::failure why;
  s.when_a_starts = [&] {
    const tenure::module own = s.modules.open(s.a);
    static_cast<void>(own.bind<functions>(why));
  };
  static_cast<void>(s.modules.open(s.a));
  CHECK(why.code() == tenure::errc::module_is_loading);
}

TEST_CASE("a finaliser that opens its own module is told that it is closing" * needs_finalisers) {
  immediate_play s;
  tenure::failure why;
  s.when_a_ends = [&] { CHECK(!s.modules.open(s.a, why)); };
  static_cast<void>(s.modules.open(s.a));
  CHECK(why.code() == tenure::errc::module_is_closing);
  CHECK(!is_loaded(s.modules, s.a));
  CHECK(s.modules.open(s.a).symbol<int()>("answer")() == 42);
}

TEST_CASE("a weak handle to a module that is closing gives nothing in its finaliser" * needs_finalisers) {
  immediate_play s;
  tenure::module a = s.modules.open(s.a);
  const tenure::weak_module weak = a;
  bool locked = true;
  s.when_a_ends = [&] { locked = static_cast<bool>(weak.lock()); };
  a.reset();
  CHECK(!locked);
  CHECK(!is_loaded(s.modules, s.a));
}

TEST_CASE("a finaliser that lets the last reference to another module go closes that one too" *
          needs_finalisers) {
  immediate_play s;
  tenure::module b = s.modules.open(s.b);
  s.when_a_ends = [&] { b.reset(); };
  static_cast<void>(s.modules.open(s.a));
  CHECK(s.story == told_here("+b+a-a-b"));
  CHECK(!is_loaded(s.modules, s.a));
  CHECK(!is_loaded(s.modules, s.b));
  CHECK(all_closed(s.modules.report()));
}

TEST_CASE("a finaliser opens a third module" * needs_finalisers) {
  immediate_play s;
  tenure::module c;
  s.when_a_ends = [&] { c = s.modules.open(s.c); };
  static_cast<void>(s.modules.open(s.a));
  CHECK(!is_loaded(s.modules, s.a));
  CHECK(c.symbol<int()>("answer")() == 42);
  CHECK(s.story == told_here("+a-a+c"));
}

TEST_CASE("an initialiser that lets the last reference to another module go closes it") {
  immediate_play s;
  tenure::module b = s.modules.open(s.b);
  s.when_a_starts = [&] { b.reset(); };
  const tenure::module a = s.modules.open(s.a);
  CHECK(!is_loaded(s.modules, s.b));
  CHECK(a.symbol<int()>("answer")() == 42);
}

TEST_CASE("two modules that open each other from their initialisers both load, once") {
  immediate_play s;
  tenure::module a_of_b, b_of_a;
  s.when_a_starts = [&] { b_of_a = s.modules.open(s.b); };
  s.when_b_starts = [&] { a_of_b = s.modules.open(s.a); };
  tenure::module a = s.modules.open(s.a);
  CHECK(a_of_b == a);
  CHECK(s.story == told_here("+a+b"));
  CHECK(s.modules.stats().loads == 2);
  a.reset();
  a_of_b.reset();
  CHECK(s.story == told_here("+a+b-a"));
  b_of_a.reset();
  CHECK(s.story == told_here("+a+b-a-b"));
}

TEST_CASE("references that go round in a circle are let go by the finalisers, each once" * needs_finalisers) {
  immediate_play s;
  tenure::module b_of_a, c_of_b;
  s.when_a_starts = [&] { b_of_a = s.modules.open(s.b); };
  s.when_b_starts = [&] { c_of_b = s.modules.open(s.c); };
  s.when_a_ends = [&] { b_of_a.reset(); };
  s.when_b_ends = [&] { c_of_b.reset(); };
  static_cast<void>(s.modules.open(s.a));
  CHECK(s.story == told_here("+a+b+c-a-b-c"));
  CHECK(s.modules.stats().closes == 3);
}

TEST_CASE("a final close from an initialiser closes what is idle, and not the module that is loading") {
  final_play s;
  static_cast<void>(s.modules.open(s.b));
  s.when_a_starts = [&] { static_cast<void>(s.modules.final_close()); };
  const tenure::module a = s.modules.open(s.a);
  CHECK(!is_loaded(s.modules, s.b));
  CHECK(a.symbol<int()>("answer")() == 42);
}

TEST_CASE("a final close from a finaliser closes the rest, and ends" * needs_finalisers) {
  final_play s;
  static_cast<void>(s.modules.open(s.a));
  static_cast<void>(s.modules.open(s.b));
  static_cast<void>(s.modules.open(s.c));
  s.when_a_ends = [&] { static_cast<void>(s.modules.final_close()); };
  CHECK(all_closed(s.modules.final_close()));
  CHECK(s.modules.stats().closes == 3);
  CHECK(all_closed(s.modules.report()));
}

TEST_CASE("what a finaliser leaves idle is closed by the same final close" * needs_finalisers) {
  final_play s;
  tenure::module b;
  s.when_a_ends = [&] { b = s.modules.open(s.b), b.reset(); };
  static_cast<void>(s.modules.open(s.a));
  CHECK(all_closed(s.modules.final_close()));
  CHECK(s.story == told_here("+a-a+b-b"));
}

TEST_CASE("a deferred close inside a finaliser parks the other module" * needs_finalisers) {
  play<tenure::policy::deferred_one> s;
  tenure::module b = s.modules.open(s.b);
  s.when_a_ends = [&] { b.reset(); };
  static_cast<void>(s.modules.open(s.a));
  static_cast<void>(s.modules.open(s.c)); // closes a, whose finaliser parks b and pushes c out
  CHECK(!is_loaded(s.modules, s.a));
  CHECK(is_loaded(s.modules, s.b));
  CHECK(!is_loaded(s.modules, s.c));
}

TEST_CASE("sweeping, reporting and asking for counts is allowed from inside a module") {
  final_play s;
  std::size_t seen = 0;
  s.when_a_starts = [&] {
    static_cast<void>(s.modules.sweep());
    seen = s.modules.report().size() + s.modules.stats().loads;
    CHECK(s.modules.next_due() == tenure::never);
  };
  const tenure::module a = s.modules.open(s.a);
  CHECK(seen == 1); // itself, loading
}

TEST_CASE("a search path may be added while a module is loading") {
  immediate_play s;
  s.when_a_starts = [&] { s.modules.add_search_path(s.folder.folder()); };
  static_cast<void>(s.modules.open(s.a));
  CHECK(s.modules.open("hooked_b").path() == s.b);
}

TEST_CASE("the manager may be destroyed while a finaliser still holds another of its modules" *
          needs_finalisers) {
  tenure::module b;
  stage s;
  {
    tenure::manager<tenure::policy::final_close> modules;
    b = modules.open(s.b);
    s.when_a_ends = [&] { b.reset(); };
    static_cast<void>(modules.open(s.a));
  }
  CHECK(s.story == told_here("+b+a-a-b"));
  CHECK(tenure_test::is_gone(s.b));
}

TEST_CASE("each life of a module runs its initialiser and its finaliser once") {
  immediate_play s;
  std::string expected;
  for (int i = 0; i != 20; ++i) {
    static_cast<void>(s.modules.open(s.a));
    expected += "+a-a";
  }
  CHECK(s.story == told_here(expected));
}

TEST_CASE("an initialiser cannot shut its own module down, and is told so") {
  immediate_play s;
  tenure::errc told = tenure::errc::ok;
  s.when_a_starts = [&] {
    tenure::controller end(s.modules.open(s.a));
    told = end.shutdown({}, tenure::shutdown_mode::force).why.code();
  };
  const tenure::module a = s.modules.open(s.a);
  CHECK(told == tenure::errc::module_is_loading);
  CHECK(a.symbol<int()>("answer")() == 42);
  CHECK(s.modules.open(s.a) == a);
}
