// What Symbian's ECom does with modules and sessions; with objects and keys: ecom_objects_tests.cpp.
#include "scenarios/session.hpp"
#include "support/until.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using scenarios::counts;
using scenarios::session;
using tenure::unload_outcome;
using tenure_test::closed_outcome;

TEST_CASE("E-B1: one module and one count, however many objects and implementations (CT-0702, UT-3553)") {
  session s;
  std::vector<tenure::key> keys;
  for (const char* const factory : {"make_first", "make_second", "make_first", "make_second"}) {
    keys.push_back(s.create_by_key(s.a, factory));
    CHECK(s.now() == counts{keys.size(), 1, 0});
  }
  CHECK(s.modules.stats().loads == 1);
  CHECK(s.modules.report().begin()->references == 4);
  for (std::size_t left = 3; left != 0; --left) {
    CHECK(s.objects.destroy(keys[left]) == tenure::errc::ok);
    CHECK(s.now() == counts{left, 1, 0}); // the slot stays empty until the fourth
  }
  CHECK(s.objects.destroy(keys[0]) == tenure::errc::ok);
  CHECK(s.now() == counts{0, 0, 1});
  s.clear();
  CHECK(s.now() == counts{});
}

TEST_CASE("E-B1: two objects of one implementation share their module too (CT-0704, UT-3555)") {
  session s;
  const tenure::key one = s.create_by_key(s.a);
  const tenure::key two = s.create_by_key(s.a);
  CHECK(s.now() == counts{2, 1, 0});
  s.objects.destroy(one);
  CHECK(s.now() == counts{1, 1, 0});
  s.objects.destroy(two);
  CHECK(s.now() == counts{0, 0, 1});
  s.clear();
  CHECK(s.now() == counts{});
}

TEST_CASE("E-B3: the last destroy parks the module, and its code stays callable (CT-0701, UT-3551)") {
  session s;
  tenure::keyed<plug_in> one = s.create(s.a);
  const auto call_back = one.owner().symbol<int(void (*)(void*), void*)>("call_back").get();
  CHECK(s.now() == counts{1, 1, 0});
  one.reset();
  CHECK(s.now() == counts{0, 0, 1});
  CHECK(s.loaded(s.a));
  int calls = 0;
  CHECK(call_back([](void* n) { ++*static_cast<int*>(n); }, &calls) == 1);
  CHECK(calls == 1);
  s.clear();
  CHECK(s.now() == counts{});
  CHECK(!s.loaded(s.a));
}

TEST_CASE("E-B4: the next destroy of any module empties the slot first (CT-0701, UT-3552)") {
  session s;
  const tenure::key one = s.create_by_key(s.a);
  CHECK(s.now() == counts{1, 1, 0});
  const tenure::key two = s.create_by_key(s.b);
  CHECK(s.now() == counts{2, 2, 0});
  s.objects.destroy(one);
  CHECK(s.now() == counts{1, 1, 1});
  s.objects.destroy(two);
  CHECK(s.now() == counts{0, 0, 1});
  CHECK(!s.loaded(s.a));
  CHECK(s.loaded(s.b));
  s.clear();
  CHECK(s.now() == counts{});
}

TEST_CASE("E-B5: a create does not empty the slot") {
  session s;
  s.create(s.a).reset();
  const tenure::keyed<plug_in> other = s.create(s.b);
  CHECK(s.now() == counts{1, 1, 1});
  CHECK(s.loaded(s.a));
}

TEST_CASE("E-B6: a parked module that is used again is never unmapped in between (UT-3372, UT-3556)") {
  session s;
  std::vector<tenure::keyed<plug_in>> live; // two modules by turns
  for (int round = 0; round != 5; ++round) {
    live.push_back(s.create(round % 2 == 0 ? s.a : s.b, round % 3 == 0 ? "make_first" : "make_second"));
    s.create(s.a).reset();
    CHECK(s.loaded(s.a));
  }
  CHECK(s.now() == counts{5, 2, 0});
  CHECK(s.modules.stats().loads == 2);
  CHECK(s.modules.stats().closes == 0);
}

TEST_CASE("E-B7: final close may be called twice, by a library and by its application (CT-0763, CT-0764, "
          "CT-0766)") {
  session s;
  CHECK(s.modules.final_close().empty()); // nothing was ever opened
  const tenure::key lives = s.create_by_key(s.a);
  s.create(s.b).reset();
  struct closing {
    session<>* s;
    std::string outcome;
    static void close(void* context) {
      auto& c = *static_cast<closing*>(context);
      c.outcome = tenure_test::outcome_of(c.s->modules.final_close(), c.s->a);
    }
  } c{&s, ""};
  const auto call_back = s.modules.open(s.a).symbol<int(void (*)(void*), void*)>("call_back").get();
  for (const bool by_library : {true, false}) { // twice before the destroy
    CAPTURE(by_library);
    if (by_library)
      call_back(closing::close, &c); // from the library's own code
    else
      closing::close(&c);
    CHECK(c.outcome == "busy");
    CHECK(s.now() == counts{1, 1, 0});
  }
  CHECK(s.objects.find<plug_in>(lives)->value() == 1);
  s.objects.destroy(lives);
  CHECK(tenure_test::outcome_of(s.modules.final_close(), s.a) == tenure::to_string(closed_outcome()));
  CHECK(tenure_test::all_closed(s.modules.final_close())); // once after it
}

TEST_CASE(
    "E-B7: modules are destroyed in any order, and the final close leaves none (CT-0759, CT-0765, CT-0767)") {
  session s;
  for (const bool reversed : {false, true}) {
    std::vector<tenure::key> keys{s.create_by_key(s.a), s.create_by_key(s.b)};
    s.objects.destroy(keys[reversed ? 1 : 0]);
    s.objects.destroy(keys[reversed ? 0 : 1]);
    CHECK(tenure_test::all_closed(s.modules.final_close()));
    CHECK(s.now() == counts{});
  }
  static_cast<void>(s.modules.open(s.a)); // opened and closed, without an object
  CHECK(tenure_test::all_closed(s.modules.final_close()));
}

TEST_CASE("E-B8: after the final close everything can be used again from scratch (CT-0770)") {
  session s;
  for (std::uint64_t round = 1; round != 4; ++round) {
    const auto object = s.create(s.a);
    CHECK(object->value() == 1);
    CHECK(s.now() == counts{1, 1, 0});
    CHECK(s.objects.destroy(object.key()) == tenure::errc::ok);
    s.clear();
    CHECK(s.now() == counts{});
    CHECK(s.modules.stats().loads == round);
  }
}

TEST_CASE("E-B13: each thread may have a context of its own, and a module stays while any of them holds it") {
  const tenure_test::scratch folder;
  const std::string file = folder.copy("part_a");
  tenure_test::signal opened, close_it, closed, end;
  const auto outcome_of_last = [&](const tenure::unload_report& report) {
    const tenure::unload_entry* const e = tenure_test::entry_of(report, file);
    return e != nullptr ? std::pair(e->outcome, e->reason)
                        : std::pair(unload_outcome::failed, tenure::linger_reason::none);
  };
  const auto thread_with_context = [&](tenure_test::signal& ready, tenure_test::signal& go) {
    tenure::manager<tenure::policy::deferred_one> modules;
    tenure::instance_table objects;
    const auto object = objects.create<plug_in>(modules.open(file), {"make_first", "free_plug_in"});
    ready.set();
    CHECK(go.wait());
    CHECK(object->value() == 1);
    objects.destroy(object.key());
    return outcome_of_last(modules.final_close());
  };
  tenure_test::signal other_opened;
  std::thread one([&] {
    const auto [outcome, reason] = thread_with_context(opened, close_it);
    CHECK(outcome == unload_outcome::lingering); // closed here; and who has it still
    if (tenure_test::loader_unmaps()) CHECK(reason == tenure::linger_reason::other_holder);
    closed.set();
  });
  std::thread two([&] { CHECK(thread_with_context(other_opened, end).first == closed_outcome()); });
  CHECK(opened.wait());
  CHECK(other_opened.wait());
  close_it.set();
  CHECK(closed.wait());
  CHECK(tenure_test::is_mapped(file)); // the other context holds it
  end.set();
  one.join();
  two.join();
  CHECK(tenure_test::is_gone(file));
}

TEST_CASE(
    "E-B14: a forgotten final close is reported, one that was made is not (CT-0760, CT-0762, CT-0768)") {
  struct told {
    int times = 0;
    std::size_t parked = 0;
    std::size_t busy = 0;
  } t;
  tenure::manager_options options;
  options.forgotten = {[](void* context, const tenure::unload_report& report) noexcept {
                         auto& to = *static_cast<told*>(context);
                         ++to.times;
                         to.parked += report.count(closed_outcome());
                         to.busy += report.count(unload_outcome::busy);
                       },
                       &t};
  const tenure_test::scratch folder;
  const std::string file = folder.copy("part_a");
  const auto use = [&](bool create, bool close, bool leave_alive) {
    tenure::module left;
    tenure::manager<tenure::policy::deferred_one> modules(options);
    if (create) left = modules.open(file);
    if (create) CHECK(left.create<plug_in>("make_first")->value() == 1);
    if (!leave_alive) left.reset();
    static_cast<void>(modules.report()); // a mere look
    if (close) static_cast<void>(modules.final_close());
    return left;
  };
  use(true, true, false);
  // CT-0762 and CT-0768 have ECom panic after a mere list, too: it keeps memory until the final close. Here
  // nothing was opened, so nothing was forgotten.
  use(false, false, false);
  CHECK(t.times == 0);
  use(true, false, false);
  CHECK(t.times == 1);
  CHECK(t.parked == 1);
  const tenure::module left = use(true, true, true); // a handle is alive: the final close could not do it
  CHECK(t.times == 2);
  CHECK(t.busy == 1);
}

TEST_CASE("E-B16: destroys may be nested to any depth; the inner objects end first, and the last module is "
          "parked") {
  session s;
  constexpr int depth = 20;
  struct node { // an object's host, so that it is known which one speaks
    session<>* s;
    std::string name;
    tenure::key key;
    scenarios::diary* reports;
    static void destroyed(void* self, std::uint64_t k) {
      static_cast<node*>(self)->reports->write(static_cast<node*>(self)->name);
      session<>::destroyed(static_cast<node*>(self)->s, k);
    }
    static void happened(void* self, const char*) {
      static_cast<node*>(self)->s->events.write(static_cast<node*>(self)->name);
    }
  };
  scenarios::diary reports;
  std::deque<node> nodes;
  std::vector<std::string> files, inner_first, outer_first;
  plug_in* inner = nullptr;
  for (int i = 0; i != depth; ++i) {
    files.push_back(s.folder.copy("part_a", scenarios::file_name("nested" + std::to_string(i))));
    node& n = nodes.emplace_back(node{&s, std::to_string(i), s.create_by_key(files.back()), &reports});
    auto* const object = s.objects.find<plug_in>(n.key);
    object->host = {node::destroyed, node::happened, &n};
    object->owned = std::exchange(inner, object);
    inner_first.push_back(n.name);
  }
  outer_first.assign(inner_first.rbegin(), inner_first.rend());
  CHECK(s.now() == counts{depth, depth, 0});
  CHECK(s.objects.destroy(nodes.back().key) == tenure::errc::ok);
  CHECK(s.objects.size() == 0);
  CHECK(reports.lines() == outer_first); // each reports itself and then destroys what it owns
  CHECK(s.events.lines() == inner_first);
  CHECK(s.now() == counts{0, 0, 1}); // one slot
  CHECK(s.modules.stats().closes == (tenure_test::loader_unmaps() ? depth - 1 : s.modules.stats().closes));
  s.clear();
  CHECK(s.now() == counts{});
  for (const std::string& file : files) CHECK(!s.loaded(file));
}

TEST_CASE("E-B17: an upgraded file takes effect after the final close (CT-0653), and the first folder wins") {
  session s;
  CHECK(s.create(s.a)->value() == 1);
  const tenure_test::scratch upgrades;
  const std::string name = s.a.substr(s.a.find_last_of("/\\") + 1);
  static_cast<void>(upgrades.copy("part_upgraded", name));
  s.modules.add_search_path(upgrades.folder());
  s.modules.add_search_path(s.folder.folder());
  CHECK(s.create(name)->value() == 2);
  s.clear();
  s.folder.replace(s.a, "part_upgraded");
  CHECK(s.create(s.a)->value() == 2);
}

TEST_CASE("E-B20: sixteen threads use a module for the first time at once, and it is loaded once (CT-1365)") {
  session s;
  std::atomic<int> ready{0}, sum{0};
  std::vector<std::thread> threads;
  for (int i = 0; i != 16; ++i)
    threads.emplace_back([&] {
      ++ready;
      while (ready != 16) std::this_thread::yield();
      const auto object = s.create(s.a);
      sum += object->value();
    });
  for (std::thread& t : threads) t.join();
  CHECK(sum == 16);
  CHECK(s.modules.stats().loads == 1);
  CHECK(s.now() == counts{0, 0, 1});
}
