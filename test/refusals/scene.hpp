// What a program does with the library, again and again, with something else refused each time. A scene is
// made anew for each point, with nothing refused; then act() runs, with one refusal, on a thread of its own,
// of which the library knows nothing yet; then rest(), which lets go of what the scene still has; then all
// must be as if nothing had been.
#ifndef TENURE_TEST_REFUSALS_SCENE_HPP
#define TENURE_TEST_REFUSALS_SCENE_HPP

#include "refusals/refusal.hpp"
#include "support/closed.hpp"
#include "support/invariants.hpp"
#include "support/sanitizers.hpp"
#include "support/scratch.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <new>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace tenure_test {

// A module of the build, wherever that has put it.
inline std::string built_module(const std::string& name) {
  const char* const folders = std::getenv("TENURE_TEST_FOLDERS");
  std::istringstream list(folders != nullptr ? folders : "");
  for (std::string folder; std::getline(list, folder, '|');)
    if (const std::string file = built_file(folder, name); !file.empty()) return file;
  throw std::runtime_error("no test module " + name);
}

// What holds in act(), where a CHECK might take what is to be refused to somebody else.
class claims {
public:
  void operator()(bool holds, int line = __builtin_LINE()) noexcept {
    if (!holds && first_broken == 0) first_broken = line;
  }
  int first_broken = 0;
};

// An operation has either been done or said why not, in words.
inline bool is_answer(bool done, const tenure::failure& why) noexcept {
  return done != static_cast<bool>(why) && (done || why.what()[0] != '\0');
}

inline tenure::manager_options plain_options() {
  tenure::manager_options options;
  options.find_cycles = false;                          // which looks in all memory, at each final close
  options.stale_pointers = tenure::quarantine::reserve; // in every kind of build
  return options;
}

template <class Policy = tenure::policy::final_close,
          tenure::departure_check Check = tenure::departure_check::own_stack>
class scene {
public:
  explicit scene(const tenure::manager_options& options = plain_options())
      : modules(Policy(), options) {}
  scene(const scene&) = delete;
  scene& operator=(const scene&) = delete;

  void rest() {}

  // A copy of a module, which is to be gone in the end, and to be opened again. Some can not be told to be.
  std::string file(const std::string& module) {
    return files.emplace_back(folder.take(built_module(module)));
  }

  void look(const std::string& refused) {
    CHECK(claim.first_broken == 0);
    CHECK(broken_invariants(active) == "");
    CHECK(active.symbol<int()>("answer")() == 42);
    for (const std::string& f : files) CHECK(open_again(f));
    const tenure::unload_report report = close_all();
    CHECK(broken_invariants(active) == "");
    CHECK(report.complete());
    for (const std::string& f : files) look_at(f, report, refused);
  }

  scratch folder;
  std::vector<std::string> files;
  tenure::manager<Policy, Check> modules;
  tenure::module active = modules.open(built_module("basic"));
  claims claim;

private:
  bool open_again(const std::string& f) { return static_cast<bool>(modules.open(f)); }
  // The search for references takes dead words for live ones, here those of the test: what it defers goes by
  // force.
  tenure::unload_report close_all() {
    return Check == tenure::departure_check::references ? modules.force_close() : modules.final_close();
  }
  static void look_at(const std::string& f, const tenure::unload_report& report, const std::string& refused) {
    CAPTURE(f);
    std::string stays; // one file may have several modules
    for (const tenure::unload_entry& e : report)
      if (f == e.path && e.outcome != tenure::unload_outcome::gone)
        stays += std::string(tenure::to_string(e.outcome)) + ": " + e.detail;
    CAPTURE(stays);
    CHECK(is_mapped(f) == !stays.empty());
    CHECK((stays.empty() || refused == the_close));
  }
};

// True if something was refused.
template <class Scene> std::string play(Scene& s, int n) {
  std::string refused;
  std::thread([&] {
    refuse(n);
    try {
      s.act();
    } catch (const std::bad_alloc&) { // refused to what throws by itself
    } catch (const tenure::error&) {  // what says it so
    }
    refused = stop_refusing();
  }).join();
  s.rest();
  return refused;
}

// All that was refused. `widening`: of an act that asks for the same thing thousands of times, ever fewer of
// the later ones; fewer still where all that a sanitizer keeps is searched each time.
template <class Scene> std::set<std::string> at_every_point(bool widening = false) {
  constexpr int enough = 40'000; // no act comes near
  constexpr int share = address_sanitizer ? 3 : 16;
  std::set<std::string> all;
  for (int n = 1; n < enough; n += widening ? 1 + n / share : 1) {
    Scene s;
    const std::string refused = play(s, n);
    CAPTURE(n);
    CAPTURE(refused);
    s.look(refused);
    if (refused.empty()) {
      CHECK(n > 1); // it does ask for something: else the case is about nothing
      return all;
    }
    all.insert(refused);
  }
  FAIL("the act never comes to its end");
  return all;
}

} // namespace tenure_test

#endif
