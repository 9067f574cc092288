// The hooks of tenure/plugin.h: before anybody has the module, and before it goes.
#include "os/os.hpp"
#include "plugin/talkers.hpp"
#include "support/closed.hpp"
#include "support/cxx_runtime.hpp"
#include "support/system_loader.hpp"
#include "support/thread_state.hpp"
#include "support/until.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

using tenure::errc;
using tenure_test::is_gone;
using tenure_test::is_mapped;
using tenure_test::loader_unmaps;
using tenure_test::outcome_of;
using tenure_test::plugin_copy;
using tenure_test::talk;

using immediate = talk<tenure::policy::immediate>;
using at_the_end = talk<tenure::policy::final_close>;

TEST_CASE(
    "a plug-in is told that it is loaded before anybody has it, and that it is unloaded before it goes") {
  immediate s;
  bool mapped = false;
  s.when_a_unloads = [&] {
    mapped = is_mapped(s.a);
    return talk_act::yes;
  };
  tenure::module a = s.modules.open(s.a);
  CHECK(s.story == "la");
  const tenure::module again = s.modules.open(s.a);
  CHECK(s.story == "la");
  a.reset();
  CHECK(s.story == "la");
}

TEST_CASE("each life of a plug-in has one tenure_loaded and one tenure_unloading") {
  immediate s;
  std::string expected;
  for (int i = 0; i != 5; ++i) {
    static_cast<void>(s.modules.open(s.a));
    expected += "lacaua";
    CHECK(s.story == expected);
    CHECK(is_gone(s.a));
  }
}

TEST_CASE("a plug-in that refuses is not loaded, and the error has its words") {
  immediate s;
  s.words = "the licence has ended";
  s.when_a_loads = [](const tenure_host&) { return talk_act::no; };
  tenure::failure why;
  CHECK(!s.modules.open(s.a, why));
  CHECK(why.code() == errc::refused_by_module);
  CHECK(std::string(why.what()).find("the licence has ended") != std::string::npos);
  CHECK(is_gone(s.a));
  CHECK(s.modules.report().empty());
  CHECK(s.story == "la"); // it was never loaded, so it is not told that it is unloaded
}

TEST_CASE("a plug-in that refused may be opened again, and may then accept") {
  immediate s;
  bool ready = false;
  s.when_a_loads = [&](const tenure_host&) { return ready ? talk_act::yes : talk_act::no; };
  tenure::failure why;
  CHECK(!s.modules.open(s.a, why));
  ready = true;
  CHECK(s.modules.open(s.a).symbol<int()>("answer")() == 42);
}

TEST_CASE("an exception out of tenure_loaded is an error of its own, and the manager stays usable") {
  immediate s;
  for (const talk_act act : {talk_act::throw_own, talk_act::throw_number}) {
    s.when_a_loads = [act](const tenure_host&) { return act; };
    tenure::failure why;
    CHECK(!s.modules.open(s.a, why));
    CHECK(why.code() == errc::hook_threw);
    const bool has_words = std::string(why.what()).find("the talker is cross") != std::string::npos;
    CHECK(has_words == (act == talk_act::throw_own && tenure_test::one_cxx_runtime));
    CHECK(is_gone(s.a));
  }
  CHECK(s.modules.open(s.b).symbol<int()>("answer")() == 42);
}

TEST_CASE("a truth value is no answer: the open fails and names it") {
  immediate s;
  for (const talk_act act : {talk_act::zero, talk_act::one}) {
    s.when_a_loads = [act](const tenure_host&) { return act; };
    tenure::failure why;
    CHECK(!s.modules.open(s.a, why));
    CHECK(why.code() == errc::not_an_answer);
    CHECK(std::string(why.what()).find(act == talk_act::one ? "answered 1" : "answered 0") !=
          std::string::npos);
    CHECK(is_gone(s.a));
  }
}

TEST_CASE("an exception out of tenure_unloading does not keep the module, and is reported") {
  at_the_end s;
  s.when_a_unloads = [] { return talk_act::throw_own; };
  static_cast<void>(s.modules.open(s.a));
  const auto report = s.modules.final_close();
  const tenure::unload_entry* const e = tenure_test::entry_of(report, s.a);
  REQUIRE(e != nullptr);
  CHECK(e->outcome == tenure_test::closed_outcome());
  CHECK(e->violation == errc::hook_threw);
  if (loader_unmaps())
    CHECK(std::string(e->detail).find("the talker is cross") != std::string::npos);
  else
    CHECK(std::string(e->detail).find("never unmaps") != std::string::npos); // why it lingers goes first
}

TEST_CASE("and is reported of a module that stays for somebody else's sake, too") {
  at_the_end s;
  s.when_a_unloads = [] { return talk_act::throw_own; };
  static_cast<void>(s.modules.open(s.a));
  void* const theirs = tenure_test::raw_open(s.a);
  REQUIRE(theirs != nullptr);
  for (int i = 0; i != 2; ++i) { // the close, and a look at what it has left
    const auto report = s.modules.final_close();
    const tenure::unload_entry* const e = tenure_test::entry_of(report, s.a);
    REQUIRE(e != nullptr);
    CHECK(e->outcome == tenure::unload_outcome::lingering);
    CHECK(e->violation == errc::hook_threw);
  }
  tenure_test::raw_close(theirs);
}

TEST_CASE("a plug-in of another API version is refused with both numbers before anything of it is called") {
  immediate s;
  const std::string later = plugin_copy(s.folder, "later");
  tenure::failure why;
  CHECK(!s.modules.open(later, why));
  CHECK(why.code() == errc::api_version_mismatch);
  CHECK(std::string(why.what()).find("the module's version is 2, the host's 1") != std::string::npos);
  CHECK(is_gone(later));
}

TEST_CASE("a plug-in whose description is too short for its version is refused with both sizes") {
  immediate s;
  const std::string shorter = plugin_copy(s.folder, "shorter");
  tenure::failure why;
  CHECK(!s.modules.open(shorter, why));
  CHECK(why.code() == errc::api_version_mismatch);
  CHECK(std::string(why.what()).find("40 bytes, the host's 384") != std::string::npos);
  CHECK(is_gone(shorter));
}

TEST_CASE("a plain module that is linked with a plug-in is no plug-in, and is asked nothing") {
  immediate s;
  static_cast<void>(plugin_copy(s.folder, "talker_library"));
  static_cast<void>(s.modules.open(plugin_copy(s.folder, "linked_with_plugin")));
  CHECK(s.story.empty());
}

TEST_CASE("a module that tenure_loaded opens, itself included, is opened") {
  immediate s;
  tenure::module b, own;
  s.when_a_loads = [&](const tenure_host&) {
    b = s.modules.open(s.b);
    own = s.modules.open(s.a);
    return talk_act::yes;
  };
  tenure::module a = s.modules.open(s.a);
  CHECK(own == a);
  CHECK(b.symbol<int()>("answer")() == 42);
  CHECK(s.story == "lalb");
  a.reset();
  CHECK(is_mapped(s.a));
  own.reset();
  CHECK(is_gone(s.a));
}

TEST_CASE("tenure_unloading releases other modules, and is told that its own is closing") {
  immediate s;
  tenure::module b = s.modules.open(s.b);
  tenure::failure why;
  s.when_a_unloads = [&] {
    b.reset();
    static_cast<void>(s.modules.sweep());
    static_cast<void>(s.modules.final_close());
    CHECK(!s.modules.open(s.a, why));
    return talk_act::yes;
  };
  static_cast<void>(s.modules.open(s.a));
  CHECK(why.code() == errc::module_is_closing);
  CHECK(is_gone(s.a));
  CHECK(is_gone(s.b));
}

TEST_CASE("another thread that opens a module whose tenure_loaded runs gets it when that has accepted") {
  immediate s;
  tenure_test::signal running, go_on;
  s.when_a_loads = [&](const tenure_host&) {
    running.set();
    CHECK(go_on.wait());
    return talk_act::yes;
  };
  tenure::module first, second;
  std::thread opener([&] { first = s.modules.open(s.a); });
  REQUIRE(running.wait());
  std::thread other([&] { second = s.modules.open(s.a); });
  go_on.set();
  opener.join();
  other.join();
  CHECK(first == second);
  CHECK(s.story == "la");
}

TEST_CASE("a module that its host holds by tenure_host stays, and goes when it lets go") {
  immediate s;
  const tenure_host* host = nullptr;
  s.when_a_loads = [&](const tenure_host& h) {
    host = &h;
    return h.hold(&h) == TENURE_YES ? talk_act::yes : talk_act::no;
  };
  static_cast<void>(s.modules.open(s.a));
  CHECK(is_mapped(s.a));
  CHECK(outcome_of(s.modules.report(), s.a) == "busy");
  host->drop(host);
  CHECK(is_mapped(s.a)); // this thread might still be in it
  CHECK(outcome_of(s.modules.report(), s.a) == "deferred");
  static_cast<void>(s.modules.sweep()); // it is not
  CHECK(is_gone(s.a));
}

TEST_CASE("a module that refuses but holds itself goes when it lets go, and not before") {
  immediate s;
  const tenure_host* host = nullptr;
  s.when_a_loads = [&](const tenure_host& h) {
    host = &h;
    CHECK(h.hold(&h) == TENURE_YES);
    return talk_act::no;
  };
  tenure::failure why;
  CHECK(!s.modules.open(s.a, why));
  CHECK(why.code() == errc::refused_by_module);
  CHECK(is_mapped(s.a));
  host->drop(host);
  static_cast<void>(s.modules.final_close());
  CHECK(is_gone(s.a));
}

TEST_CASE("a module that is being unloaded cannot be held any more") {
  immediate s;
  tenure_answer held = TENURE_YES;
  s.when_a_unloads = [&] {
    held = s.host_of_a->hold(s.host_of_a);
    return talk_act::yes;
  };
  static_cast<void>(s.modules.open(s.a));
  CHECK(held == TENURE_NO);
  CHECK(is_gone(s.a));
}

TEST_CASE("a thread of the host that runs module code holds the module until that code has returned") {
  immediate s;
  tenure::module a = s.modules.open(s.a);
  struct work {
    tenure_test::signal go_on, ended;
  } w;
  const auto wait_for_it = [](void* it) {
    CHECK(static_cast<work*>(it)->go_on.wait());
    static_cast<work*>(it)->ended.set();
  };
  CHECK(s.host_of_a->run_thread(s.host_of_a, wait_for_it, &w) == TENURE_YES);
  a.reset();
  CHECK(is_mapped(s.a));
  w.go_on.set();
  CHECK(w.ended.wait());
  CHECK(tenure_test::eventually([&] { return is_gone(s.a); }));
  CHECK(tenure_test::eventually([&] { return s.modules.report().empty() == loader_unmaps(); }));
}

TEST_CASE("who asks for the module at an address while it closes does not stand in the way of the close") {
  immediate s;
  const void* address = nullptr;
  std::atomic<std::uint64_t> number{0};
  std::thread asks;
  tenure::failure why;
  tenure::module found;
  s.when_a_unloads = [&] {
    if (number != 0) return talk_act::yes;
    asks = std::thread([&] {
      number = tenure::os::this_thread_number();
      found = s.modules.containing(address, why);
    });
    // It comes as far as it can; where the system does not say that, it is not waited for.
    CHECK(tenure_test::eventually([&] { return number != 0 && tenure_test::thread_state(number) != 'R'; }));
    return talk_act::yes;
  };
  tenure::module a = s.modules.open(s.a);
  address = reinterpret_cast<const void*>(a.symbol<int()>("answer").get());
  a.reset();
  asks.join();
  if (found) // it was asked for before it was gone, and comes back
    CHECK(found.symbol<int()>("answer")() == 42);
  else
    CHECK(why.code() == errc::no_module_at_address);
  CHECK(s.modules.stats().deferrals == 0);
}

TEST_CASE("two managers each greet a plug-in, and each tells it that it goes") {
  immediate s;
  tenure::manager<tenure::policy::immediate> other;
  tenure::module first = s.modules.open(s.a);
  tenure::module second = other.open(s.a);
  CHECK(s.story == "lala");
  first.reset();
  CHECK(s.story == "lalacaua");
  CHECK(is_mapped(s.a));
  second.reset();
  CHECK(is_gone(s.a));
}

namespace {

tenure::module adopt_file(immediate& s, tenure::failure& why) {
  void* const handle = tenure_test::raw_open(s.a);
  REQUIRE(handle != nullptr);
  tenure::module adopted = s.modules.adopt(handle, why);
  if (!adopted) tenure_test::raw_close(handle);
  return adopted;
}

} // namespace

TEST_CASE("a private copy whose tenure_loaded adopts its file stays what it is: that is another module") {
  immediate s;
  const tenure_host* given = nullptr;
  s.when_a_loads = [&](const tenure_host& host) {
    if (std::exchange(given, given != nullptr ? given : &host) != nullptr) return talk_act::yes;
    tenure::failure why;
    tenure::module original = adopt_file(s, why);
    CHECK(!why);
    CHECK(original.symbol<int()>("answer")() == 42);
    CHECK(s.story == "lala");
    original.reset();
    CHECK(s.story == "lalacaua");
    CHECK(is_gone(s.a));
    return talk_act::yes;
  };
  const tenure::module copy = s.modules.open(s.a, {.private_copy = true});
  CHECK(s.story == "lalacaua");
  CHECK(copy.symbol<int()>("answer")() == 42);
  CHECK(given->hold(given) == TENURE_YES); // as long as the copy is there
  given->drop(given);
}

TEST_CASE("who adopts the file of a private copy that another thread loads waits for it, and shares it") {
  immediate s;
  std::thread other;
  tenure::module adopted;
  s.when_a_loads = [&](const tenure_host&) {
    other = std::thread([&] {
      tenure::failure why;
      adopted = adopt_file(s, why);
      CHECK(!why);
    });
    return talk_act::yes;
  };
  const tenure::module copy = s.modules.open(s.a, {.private_copy = true});
  other.join();
  CHECK(adopted == copy);
  CHECK(s.story == "la");
  CHECK(is_gone(s.a)); // the copy is another file
}

#if defined(__GLIBC__)
TEST_CASE(
    "but is told at once that it comes to nothing where the one that loads waits for this thread's end") {
  immediate s;
  s.when_a_loads = [&](const tenure_host&) {
    std::thread([&] {
      tenure::failure why;
      CHECK(!adopt_file(s, why));
      CHECK(why.code() == errc::loader_busy);
    }).join();
    return talk_act::yes;
  };
  const tenure::module copy = s.modules.open(s.a, {.private_copy = true});
  CHECK(copy.symbol<int()>("answer")() == 42);
  CHECK(s.story == "la");
}
#endif

#if !defined(_WIN32)
#  include <dlfcn.h>

TEST_CASE("an adopted plug-in that refuses stays its owner's") {
  immediate s;
  s.when_a_loads = [](const tenure_host&) { return talk_act::no; };
  void* const handle = ::dlopen(s.a.c_str(), RTLD_NOW);
  REQUIRE(handle != nullptr);
  tenure::failure why;
  CHECK(!s.modules.adopt(handle, why));
  CHECK(why.code() == errc::refused_by_module);
  CHECK(is_mapped(s.a));
  CHECK(::dlclose(handle) == 0);
  CHECK(is_gone(s.a));
}
#endif
