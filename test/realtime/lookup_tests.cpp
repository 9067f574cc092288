// Many threads look up the same names, in modules that are unloaded and loaded again meanwhile. Oracle: what
// is found answers as its module does, and an address is always one of the module that was asked.
#include "modules/interface.hpp"
#include "support/modules.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using tenure_test::module_path;

namespace {

constexpr int rounds = 300;
constexpr unsigned workers = 3;

template <class Body> void on_all_threads(Body&& body) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i != workers; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& t : threads) t.join();
}

} // namespace

TEST_CASE("a shortcut that is shared by threads and modules never gives another module's address, nor a "
          "former one") {
  tenure::manager<tenure::policy::immediate> modules;
  static constinit tenure::shortcut<int> version("version");
  std::atomic<int> wrong = 0;
  on_all_threads([&](unsigned i) {
    for (int round = 0; round != rounds; ++round) {
      const tenure::module m =
          modules.open(module_path((static_cast<unsigned>(round) + i) % 2 == 0 ? "basic" : "second"));
      int* const there = &version.in(m);
      if (there != m.symbol<int>("version").get() || &version.in(m) != there || *there != 7) ++wrong;
    }
  });
  CHECK(wrong == 0);
}

TEST_CASE("threads that look up many names at once in one module find each of them") {
  tenure::manager<> modules;
  std::atomic<int> wrong = 0, found_elsewhere = 0;
  for (int round = 0; round != 20; ++round) {
    const tenure::module m =
        modules.open(module_path(round % 2 == 0 ? "basic" : "second")); // each time a fresh table
    on_all_threads([&](unsigned) {
      for (const char* const name :
           {"answer", "add", "make_widget", "make_nothing", "free_widget", "call_back"})
        for (int again = 0; again != 3; ++again) {
          tenure::failure why;
          const void* const there = m.symbol<char>(name, why).get();
          if (why || there == nullptr || there != m.symbol<char>(name, why).get()) ++wrong;
        }
      for (const char* const of_the_system : {"malloc", "strlen"}) {
        tenure::failure why;
        if (m.symbol<char>(of_the_system, why)) ++found_elsewhere;
      }
      for (int i = 0; i != 40; ++i) {
        tenure::failure why;
        if (m.symbol<int()>("no_such_function_" + std::to_string(i), why) || !why) ++wrong;
      }
    });
    CHECK(m.symbol<int()>("answer")() == 42);
  }
  CHECK(wrong == 0);
  // Windows looks into the module alone, others into what it is linked with as well; and all threads agree.
  const bool everywhere = found_elsewhere == 20 * 2 * static_cast<int>(workers);
  CHECK((everywhere || found_elsewhere == 0));
}

TEST_CASE("a factory makes nothing of a module that is gone") {
  using widget = ::widget; // the module's: of a class of its own a compiler knows that nobody derives from it
  tenure::manager<tenure::policy::immediate> modules;
  tenure::module m = modules.open(module_path("basic"));
  const tenure::factory<widget> widgets(m, {"make_widget", "free_widget"});
  CHECK(widgets.create()->value() == 42);
  CHECK(!tenure::factory<widget>(m, "make_nothing").create());
  m.reset();
  CHECK(!widgets.lock());
  CHECK(!widgets.create());
}
