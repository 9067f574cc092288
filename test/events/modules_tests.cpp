// manager::stats(), modules() and dump(): at any time, from any thread, of one moment.
#include "events/listener.hpp"
#include "plugin/talkers.hpp"
#include "support/closed.hpp"
#include "support/hook.hpp"
#include "support/sanitizers.hpp"
#include "support/scratch.hpp"
#include "support/virtual_clock.hpp"

#include <tenure/dependency.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

using json = nlohmann::json;
using state = tenure::module_state;
using tenure_test::scratch;

namespace {

using at_the_end = tenure::manager<tenure::policy::final_close>;

const tenure::module_info* find(const tenure::module_list& all, const std::string& path) {
  for (const tenure::module_info& m : all)
    if (path == m.path) return &m;
  return nullptr;
}

// What must hold of every snapshot. Empty if it does.
std::string contradiction(const tenure::module_list& all) {
  const tenure::manager_stats s = all.stats();
  const auto count = [&](state which) {
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [which](const auto& m) { return m.state == which; }));
  };
  if (!all.complete()) return "not complete";
  if (all.size() != s.resident) return "not as many as are resident";
  if (count(state::lingering) != s.lingering) return "not as many as linger";
  // Handles are copied without the mutex: between the counts and the list a module may have come into use or
  // left it.
  if (count(state::idle) + count(state::active) + count(state::loading) + count(state::closing) +
          s.lingering !=
      s.resident)
    return "states do not add up";
  if (s.loads < s.closes) return "more closes than loads";
  for (const tenure::module_info& m : all) {
    if (*m.path == '\0' || *m.name == '\0') return "a module without a name";
    if ((m.state == state::active) != (m.references != 0) && m.state != state::loading &&
        m.state != state::closing && m.state != state::lingering)
      return std::string(m.path) + " is " + to_string(m.state) + " with " + std::to_string(m.references) +
             " references";
    if (m.state != state::idle && m.idle_since != tenure::never)
      return "an idle time of a module that is not idle";
    if (m.state != state::loading && m.address == nullptr) return "a module without a place";
  }
  return "";
}

} // namespace

TEST_CASE("each module is there with its state, references, place and price") {
  const scratch folder;
  const std::string a = folder.copy("basic"), b = folder.copy("second");
  at_the_end modules;
  const tenure::module first = modules.open(a), copy = first;
  const tenure::pin pinned = modules.open(b).pin();
  const tenure::module_list all = modules.modules();
  CHECK(contradiction(all) == "");
  REQUIRE(all.size() == 2);
  const tenure::module_info& m = *all.begin(); // in the order of loading
  CHECK(m.path == a);
  CHECK(a.ends_with(m.name));
  CHECK(m.state == state::active);
  CHECK(m.outcome == tenure::unload_outcome::busy);
  CHECK(m.references == 2);
  CHECK(m.bytes > 0);
  CHECK(m.load_time > tenure::duration{});
  const auto place = reinterpret_cast<std::uintptr_t>(m.address);
  const auto code = reinterpret_cast<std::uintptr_t>(first.symbol<int()>("answer").get());
  CHECK((code > place && code < place + m.bytes));
  const tenure::module_info* const other = find(all, b);
  REQUIRE(other != nullptr);
  CHECK(other->state == state::idle);
  CHECK(other->outcome == tenure::unload_outcome::pinned);
  CHECK(other->pins == 1);
  CHECK(other->life > m.life);
  CHECK(all.stats().active == 1);
  CHECK(all.stats().idle == 1);
}

TEST_CASE("since when a module is idle is told by a policy that knows times, and under an observer by all") {
  const scratch folder;
  const std::string a = folder.copy("basic");
  tenure_test::virtual_clock clock;
  const auto idle_since = [&](const auto& modules) { return find(modules.modules(), a)->idle_since; };
  tenure::manager<tenure::policy::keep_warm<4, tenure::minutes(1)>> timed(clock.options());
  static_cast<void>(timed.open(a));
  CHECK(idle_since(timed) == tenure::seconds(1'000));
  tenure::manager<tenure::policy::deferred_one> plain(clock.options());
  static_cast<void>(plain.open(a));
  CHECK(idle_since(plain) == tenure::never);
  tenure_test::listener told;
  plain.observe(told);
  clock.advance(tenure::seconds(7));
  static_cast<void>(plain.open(a));
  CHECK(idle_since(plain) == tenure::seconds(1'007));
  plain.stop_observing();
}

TEST_CASE("a static module, and who needs a module, are in the list") {
  static int value = 42;
  static const tenure::static_symbol symbols[] = {{"value", &value}};
  const scratch folder;
  at_the_end modules;
  const tenure::module user = modules.open(folder.copy("basic")), used = modules.open(folder.copy("second"));
  tenure::depend(user, used);
  const tenure::module fixed = modules.add_static("fixed", symbols);
  const tenure::module_list all = modules.modules();
  REQUIRE(find(all, "fixed") != nullptr);
  CHECK(find(all, "fixed")->is_static);
  CHECK(find(all, "fixed")->address == nullptr);
  CHECK(std::string(find(all, used.path())->holders) == "needed by " + std::string(user.path()));
}

TEST_CASE("a module that is being loaded, and one that is being closed, are told as that from inside") {
  const scratch folder;
  const std::string file = folder.copy("hooked_a");
  tenure::manager<tenure::policy::immediate> modules;
  std::vector<std::string> states;
  const tenure_test::hook hook([&](const std::string&, module_event) {
    const tenure::module_list all = modules.modules();
    for (const tenure::module_info& m : all) states.push_back(to_string(m.state));
    static_cast<void>(modules.dump());
  });
  static_cast<void>(modules.open(file));
  if (tenure_test::loader_unmaps()) CHECK(states == std::vector<std::string>{"loading", "closing"});
}

TEST_CASE("a close that is put off is told with its reason") {
  tenure_test::talk<tenure::policy::final_close> s;
  s.when_a_is_asked = [] { return talk_act::no; };
  static_cast<void>(s.modules.open(s.a));
  static_cast<void>(s.modules.final_close());
  const tenure::module_list all = s.modules.modules();
  REQUIRE(all.size() == 1);
  CHECK(all.begin()->outcome == tenure::unload_outcome::vetoed);
  CHECK(std::string(all.begin()->detail) != "");
  CHECK(all.stats().waiting == 1);
  CHECK(std::string(s.modules.dump().c_str()).find("vetoed: ") != std::string::npos);
}

TEST_CASE("a list outlives what it tells of, and moves") {
  const scratch folder;
  const std::string a = folder.copy("basic");
  tenure::module_list all;
  CHECK(all.empty());
  {
    tenure::manager<tenure::policy::immediate> modules;
    const tenure::module m = modules.open(a);
    all = modules.modules();
  }
  const tenure::module_list moved = std::move(all);
  REQUIRE(moved.size() == 1);
  CHECK(moved.begin()->path == a);
}

TEST_CASE("the dump as JSON says what the list says") {
  const scratch folder;
  tenure_test::virtual_clock clock;
  tenure::manager<tenure::policy::keep_warm<4, tenure::minutes(1)>> modules(clock.options());
  const tenure::module m = modules.open(folder.copy("basic"));
  static_cast<void>(modules.open(folder.copy("second")));
  const tenure::module_list all = modules.modules();
  const json dump = json::parse(modules.dump(tenure::dump_format::json).c_str());
  CHECK(dump.at("at_ns") == 1'000'000'000'000);
  CHECK(dump.at("stats").at("loads") == 2);
  CHECK(dump.at("stats").at("resident") == all.stats().resident);
  CHECK(dump.at("stats").at("loading_ns") == all.stats().loading.nanoseconds);
  REQUIRE(dump.at("modules").size() == all.size());
  for (std::size_t i = 0; i != all.size(); ++i) {
    const tenure::module_info& info = all.begin()[i];
    const json& told = dump.at("modules").at(i);
    CHECK(told.at("path") == info.path);
    CHECK(told.at("name") == info.name);
    CHECK(told.at("state") == to_string(info.state));
    CHECK(told.at("references") == info.references);
    CHECK(told.at("life") == info.life);
    CHECK(told.at("bytes") == info.bytes);
    CHECK(told.at("address") == reinterpret_cast<std::uintptr_t>(info.address));
  }
  CHECK(dump.at("modules").at(0).at("idle_since_ns").is_null());
  CHECK(dump.at("modules").at(1).at("idle_since_ns") == 1'000'000'000'000);
}

TEST_CASE("the dump in lines has one for each module, with its state and its holds") {
  const scratch folder;
  tenure_test::virtual_clock clock;
  tenure::manager<tenure::policy::keep_warm<4, tenure::minutes(1)>> modules(clock.options());
  const tenure::module m = modules.open(folder.copy("basic"));
  static_cast<void>(modules.open(folder.copy("second")));
  clock.advance(tenure::milliseconds(1'500));
  const std::string dump = modules.dump().c_str();
  CHECK(dump.find("2 loads in ") != std::string::npos);
  CHECK(dump.find("2 resident: 1 active, 1 idle (0 of them wait to be closed), 0 lingering\n") !=
        std::string::npos);
  CHECK(dump.find(std::string(m.path()) + ": active, 1 reference, loaded in ") != std::string::npos);
  CHECK(dump.find(": idle for 1.500 s, loaded in ") != std::string::npos);
  CHECK(modules.dump().size() == dump.size());
}

TEST_CASE("while threads open, copy and close, every snapshot is one moment's") {
  const scratch folder;
  const std::vector<std::string> files{folder.copy("basic"), folder.copy("second"), folder.copy("third")};
  tenure::manager<tenure::policy::deferred_one> modules;
  std::atomic<bool> stop{false};
  std::vector<std::thread> users;
  for (std::size_t t = 0; t != 3; ++t)
    users.emplace_back([&, t] {
      for (std::size_t i = t; !stop; ++i) {
        const tenure::module m = modules.open(files[i % files.size()]);
        const tenure::weak_module weak = m;
        const tenure::module again = weak.lock();
      }
    });
  const int snapshots = tenure_test::thread_sanitizer ? 200 : 1'000;
  std::uint64_t loads = 0;
  for (int i = 0; i != snapshots; ++i) {
    const tenure::module_list all = modules.modules();
    REQUIRE(contradiction(all) == "");
    CHECK(all.stats().loads >= loads);
    loads = all.stats().loads;
    CHECK(json::accept(modules.dump(tenure::dump_format::json).c_str()));
  }
  stop = true;
  for (std::thread& t : users) t.join();
  CHECK(loads > 0);
}
