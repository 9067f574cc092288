// The trace: what Chrome's and Perfetto's readers ask of the format, asked here of each event of it. And the
// record for the simulator, read by the simulator's own reader.
#include "bench/simulate/trace.hpp"
#include "plugin/talkers.hpp"
#include "support/closed.hpp"
#include "support/scratch.hpp"
#include "support/virtual_clock.hpp"

#include <tenure/observers/trace.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using json = nlohmann::json;
using kind = tenure::event_kind;
using tenure_test::loader_unmaps;
using tenure_test::scratch;

namespace {

// Times to the nanosecond: a double has room for that.
std::int64_t nanoseconds(const json& microseconds) { return std::llround(microseconds.get<double>() * 1000); }

struct slice {
  std::string state;
  std::int64_t begin, end;
};

// A trace that has passed all rules.
struct picture {
  explicit picture(const std::string& text)
      : whole(json::parse(text)) {
    CHECK(whole.at("displayTimeUnit") == "ms");
    for (const json& e : whole.at("traceEvents")) look_at(e);
    for (auto& [track, all] : slices) check_order(track, all);
    for (const auto& [id, ends] : arrows) check_arrow(ends);
    CHECK(names.contains(0));
  }

  [[nodiscard]] const std::vector<slice>& of(const std::string& path) const {
    for (const auto& [track, name] : names)
      if (name == path) return slices.at(track);
    FAIL("no track " << path);
    return slices.begin()->second;
  }
  [[nodiscard]] std::string states(const std::string& path) const {
    std::string words;
    for (const slice& s : of(path)) words += (words.empty() ? "" : " ") + s.state;
    return words;
  }

  json whole;
  std::map<int, std::string> names;
  std::map<int, std::vector<slice>> slices;
  std::map<std::int64_t, std::vector<json>> arrows;
  std::vector<json> marks;

private:
  void look_at(const json& e) {
    const std::string phase = e.at("ph");
    CHECK(e.at("pid") == 1);
    CHECK(e.at("tid").is_number_unsigned());
    CHECK(!e.at("name").get<std::string>().empty());
    const int track = e.at("tid");
    if (phase == "M") return look_at_name(e, track);
    CHECK(e.at("ts").is_number());
    CHECK(e.at("ts").get<double>() >= 0);
    CHECK(names.contains(track)); // metadata come first
    if (phase == "X") {
      REQUIRE(e.at("dur").get<double>() >= 0);
      const std::int64_t begin = nanoseconds(e.at("ts"));
      slices[track].push_back({e.at("name"), begin, begin + nanoseconds(e.at("dur"))});
    } else if (phase == "s" || phase == "f") {
      CHECK((phase == "s" || e.at("bp") == "e"));
      CHECK(e.at("cat") == "close");
      arrows[e.at("id")].push_back(e);
    } else {
      CHECK(phase == "i");
      CHECK(e.at("s") == "t");
      marks.push_back(e);
    }
  }
  void look_at_name(const json& e, int track) {
    const std::string what = e.at("name");
    CHECK((what == "process_name" || what == "thread_name" || what == "thread_sort_index"));
    if (what == "thread_name") CHECK(names.emplace(track, e.at("args").at("name")).second);
  }
  // On one track nothing overlaps, so that every reader nests it alike.
  static void check_order(int track, std::vector<slice>& all) {
    CAPTURE(track);
    for (std::size_t i = 1; i < all.size(); ++i) CHECK(all[i].begin >= all[i - 1].end);
  }
  // One beginning in what the release ended, one end where the close begins.
  void check_arrow(const std::vector<json>& ends) {
    REQUIRE(ends.size() == 2);
    CHECK(ends[0].at("ph") == "s");
    CHECK(ends[1].at("ph") == "f");
    CHECK(ends[0].at("name") == ends[1].at("name"));
    CHECK(ends[0].at("cat") == ends[1].at("cat"));
    CHECK(ends[0].at("tid") == ends[1].at("tid"));
    CHECK(nanoseconds(ends[0].at("ts")) <= nanoseconds(ends[1].at("ts")));
    CHECK(state_at(ends[0]) == "active");
    CHECK(begins_at(ends[1]) == "closing");
  }
  std::string state_at(const json& e) const {
    for (const slice& s : slices.at(e.at("tid")))
      if (nanoseconds(e.at("ts")) >= s.begin && nanoseconds(e.at("ts")) < s.end) return s.state;
    return "nothing";
  }
  std::string begins_at(const json& e) const {
    for (const slice& s : slices.at(e.at("tid")))
      if (nanoseconds(e.at("ts")) == s.begin && s.state == "closing") return s.state;
    return "nothing";
  }
};

std::string whole_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

struct event_maker { // events at chosen times
  tenure::event_trace trace;
  std::uint64_t number = 0;
  void operator()(kind k, std::int64_t seconds, const char* path, std::uint64_t life,
                  tenure::duration took = {}) {
    tenure::event e;
    e.kind = k;
    e.number = ++number;
    e.at = tenure::seconds(seconds);
    e.path = e.name = path;
    e.life = life;
    e.took = took;
    e.bytes = k == kind::loaded ? 4096 : 0;
    trace(e);
  }
};

} // namespace

TEST_CASE("a real session is a track per module, with a slice per state and an arrow per close") {
  tenure_test::talk<tenure::policy::immediate> s;
  const std::string basic = s.folder.copy("basic");
  tenure::event_trace trace;
  s.modules.observe(trace);
  talk_act says = talk_act::yes;
  s.when_a_is_asked = [&] { return says; };
  static_cast<void>(s.modules.open(s.a));
  static_cast<void>(s.modules.open(basic));
  says = talk_act::no;
  static_cast<void>(s.modules.open(s.a));
  static_cast<void>(s.modules.sweep());
  tenure::failure why;
  static_cast<void>(s.modules.open(basic + "-missing", why));
  const tenure::module held = s.modules.open(basic);
  const std::string file = s.folder.path("trace.json");
  trace.write(file);
  const picture p(whole_file(file));
  if (loader_unmaps()) {
    CHECK(p.states(s.a) == "loading active idle closing gone loading active idle");
    CHECK(p.states(basic) == "loading active idle closing gone loading active");
    CHECK(p.arrows.size() == 2);
  }
  CHECK(p.states("manager") == "sweep");
  std::set<std::string> marks;
  for (const json& m : p.marks) marks.insert(m.at("name"));
  CHECK(marks == std::set<std::string>{"vetoed", "failed"});
  CHECK(p.whole.at("otherData").at("events") == trace.size());
  CHECK(p.whole.at("otherData").at("events_lost") == 0);
  s.modules.stop_observing();
}

TEST_CASE("under each policy, with threads, the picture keeps the rules") {
  const scratch folder;
  const std::vector<std::string> files{folder.copy("basic"), folder.copy("second"), folder.copy("third")};
  tenure::event_trace trace;
  tenure::manager<tenure::policy::deferred_one> modules;
  modules.observe(trace);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t != 3; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i != 100; ++i)
        static_cast<void>(modules.open(files[(i * i + t) % files.size()]));
    });
  for (int i = 0; i != 20; ++i) static_cast<void>(trace.json()); // while events come
  for (std::thread& t : threads) t.join();
  static_cast<void>(modules.final_close());
  const picture p(trace.json().c_str());
  CHECK((p.arrows.size() == modules.stats().closes || !loader_unmaps()));
  for (const std::string& f : files) CHECK((p.states(f).ends_with("closing gone") || !loader_unmaps()));
}

TEST_CASE("states last from one event to the next, and the last one to the end") {
  event_maker tell;
  tell(kind::loaded, 10, "/a", 1, tenure::seconds(2));
  tell(kind::opened, 10, "/a", 1);
  tell(kind::idled, 13, "/a", 1);
  tell(kind::closed, 20, "/a", 1, tenure::seconds(1));
  tell(kind::swept, 21, "", 0);
  const picture p(tell.trace.json().c_str());
  const std::vector<slice>& a = p.of("/a");
  REQUIRE(p.states("/a") == "loading active idle closing gone");
  constexpr std::int64_t second = 1'000'000'000;
  CHECK(a[0].begin == 0); // times begin with the first thing that happened
  CHECK(a[1].begin == 2 * second);
  CHECK(a[2].begin == 5 * second);
  CHECK(a[3].begin == 11 * second);
  CHECK(a[4].begin == 12 * second);
  CHECK(a[4].end == 13 * second);
}

TEST_CASE("what lingers has its slice until it goes or is loaded again") {
  event_maker tell;
  for (std::uint64_t life = 1; life != 3; ++life) {
    const auto base = static_cast<std::int64_t>(life) * 10;
    tell(kind::loaded, base, "/a", life);
    tell(kind::opened, base, "/a", life);
    tell(kind::idled, base + 1, "/a", life);
    tell(kind::lingering, base + 2, "/a", life);
  }
  tell(kind::closed, 40, "/a", 2);
  const picture p(tell.trace.json().c_str());
  CHECK(p.states("/a") == "loading active idle closing lingering loading active idle closing lingering gone");
  CHECK(p.arrows.size() == 2);
}

TEST_CASE("two modules of one path at a time have a track each") {
  event_maker tell;
  tell(kind::opened, 1, "/a", 1);
  tell(kind::opened, 2, "/a", 2); // its file was replaced while the first is in use
  tell(kind::idled, 3, "/a", 1);
  tell(kind::idled, 4, "/a", 2);
  const picture p(tell.trace.json().c_str());
  CHECK(p.states("/a") == "active idle");
  CHECK(p.states("/a (2)") == "active idle");
}

TEST_CASE("paths of any bytes make JSON") {
  event_maker tell;
  const char* const paths[] = {"/quote\"back\\slash", "/line\nbreak\x01",       "/not\xffutf8\xc0\xaf",
                               "/\xf0\x9f\x8e\xb5",   "/\xed\xa0\x80surrogate", "/cut\xe2\x82"};
  std::uint64_t life = 0;
  for (const char* const path : paths) tell(kind::opened, 1, path, ++life);
  const picture p(tell.trace.json().c_str());
  CHECK(p.names.at(1) == paths[0]);
  CHECK(p.names.at(2) == paths[1]);
  CHECK(p.names.at(3) == "/not\xef\xbf\xbdutf8\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(p.names.at(4) == paths[3]);
  CHECK(p.names.at(5) == "/\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdsurrogate");
  CHECK(p.names.at(6) == "/cut\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_CASE("an empty trace is a trace, and a full one says what it has not kept") {
  tenure::event_trace nothing;
  CHECK(picture(nothing.json().c_str()).slices.empty());
  tenure::event_trace small(2);
  tenure::event e;
  for (int i = 0; i != 5; ++i) small(e);
  CHECK(small.size() == 2);
  CHECK(small.lost() == 3);
  CHECK(picture(small.json().c_str()).whole.at("otherData").at("events_lost") == 3);
}

TEST_CASE("a trace that cannot be written is an error with the file and the system's words") {
  const scratch folder;
  const tenure::event_trace trace;
  tenure::failure why;
  CHECK(!trace.write(folder.path("no/such/folder"), why));
  CHECK(why.code() == tenure::errc::events_not_written);
  CHECK(std::string(why.path()).ends_with("folder"));
  CHECK(std::string(why.system_text()) != "");
  CHECK_THROWS_AS(trace.write(""), tenure::error);
  CHECK_THROWS_AS(trace.write_uses(folder.path("no/such/folder")), tenure::error);
}

TEST_CASE("the simulator reads when which module was in use") {
  event_maker tell;
  const scratch folder;
  tell(kind::opened, 10, "/a,b", 1);
  tell(kind::loaded, 12, "/c", 2, tenure::milliseconds(500));
  tell(kind::opened, 12, "/c", 2);
  tell(kind::idled, 15, "/c", 2);
  tell(kind::idled, 20, "/a,b", 1);
  tell(kind::revived, 30, "/c", 2); // and is in use to the end
  tell(kind::swept, 34, "", 0);
  const std::string file = folder.path("uses");
  tell.trace.write_uses(file);
  std::vector<simulate::recorded_module> modules;
  const auto trace = simulate::read_trace(file, modules);
  REQUIRE(modules.size() == 2);
  CHECK((modules[0].name == "/a,b" && modules[0].load < 0)); // no load was seen
  CHECK((modules[1].name == "/c" && modules[1].load == 0.5 && modules[1].bytes == 4096));
  std::vector<simulate::opening> all;
  trace->begin();
  for (simulate::opening o; trace->next(o);) all.push_back(o);
  constexpr std::int64_t second = 1'000'000'000;
  REQUIRE(all.size() == 3);
  CHECK((all[0].at == 0 && all[0].hold == 10 * second && all[0].module == 0));
  CHECK((all[1].at == 2 * second && all[1].hold == 3 * second && all[1].module == 1));
  CHECK((all[2].at == 20 * second && all[2].hold == 4 * second && all[2].module == 1));
}
