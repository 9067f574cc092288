// Several threads, one module: each case has one claim that no interleaving may break. What is left to chance
// is in stress/, what is enumerated in schedules/.
#include "support/closed.hpp"
#include "support/hook.hpp"
#include "support/scratch.hpp"
#include "support/until.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using tenure_test::all_closed;
using tenure_test::initialisations;
using tenure_test::is_loaded;
using tenure_test::left_behind;
using tenure_test::scratch;

namespace {

constexpr int rounds = 300;

// Counts the images of hooked modules that are initialised and not finalised.
struct census {
  std::atomic<int> born{0};
  std::atomic<int> alive{0};
  std::atomic<int> most_alive{0};
  tenure_test::hook hook{[this](const std::string&, module_event what) {
    if (what == module_event::finalised) {
      --alive;
      return;
    }
    ++born;
    const int now = ++alive;
    if (now > most_alive) most_alive = now;
  }};
};

// Where threads wait for each other. std::latch loses a wake-up now and then where libstdc++ 12 has no futex (MinGW).
class starting_line {
public:
  explicit starting_line(int threads)
      : missing_(threads) {}
  void arrive_and_wait() {
    std::unique_lock lock(mutex_);
    if (--missing_ == 0) complete_.notify_all();
    complete_.wait(lock, [this] { return missing_ == 0; });
  }

private:
  std::mutex mutex_;
  std::condition_variable complete_;
  int missing_;
};

// Runs `body(thread's number)` on `n` threads that start together.
template <class Body> void together(int n, Body&& body) {
  starting_line start(n);
  std::vector<std::thread> threads;
  for (int i = 0; i != n; ++i)
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      body(i);
    });
  for (std::thread& t : threads) t.join();
}

} // namespace

TEST_CASE("sixteen threads that open one file at once share one load") {
  census count;
  const scratch folder;
  const std::string file = folder.copy("hooked_a");
  for (int round = 0; round != 20; ++round) {
    tenure::manager<tenure::policy::immediate> modules;
    std::vector<tenure::module> held(16);
    together(16, [&](int i) { held[static_cast<std::size_t>(i)] = modules.open(file); });
    for (const tenure::module& m : held) CHECK(m == held[0]);
    CHECK(modules.stats().loads == 1);
    CHECK(count.born == initialisations(round + 1));
    CHECK(modules.report().begin()->references == 16);
  }
  CHECK(count.alive == left_behind(1));
}

TEST_CASE("a thread that opens what another is loading waits until its initialisers are done") {
  tenure_test::signal entered, go;
  std::atomic<bool> initialised{false};
  const tenure_test::hook hook{[&](const std::string&, module_event what) {
    if (what != module_event::initialised) return;
    entered.set();
    CHECK(go.wait());
    initialised = true;
  }};
  const scratch folder;
  const std::string file = folder.copy("hooked_a");
  tenure::manager<tenure::policy::immediate> modules;
  tenure::module first, second;
  bool was_initialised = false;
  std::thread loader([&] { first = modules.open(file); });
  CHECK(entered.wait());
  std::thread waiter([&] {
    second = modules.open(file);
    was_initialised = initialised;
  });
  go.set();
  loader.join();
  waiter.join();
  CHECK(was_initialised);
  CHECK(first == second);
  CHECK(modules.stats().loads == 1);
}

TEST_CASE("a module that is in use is opened and released while another thread is stuck in a load") {
  tenure_test::signal entered, go;
  const tenure_test::hook hook{[&](const std::string&, module_event what) {
    if (what != module_event::initialised) return;
    entered.set();
    CHECK(go.wait());
  }};
  const scratch folder;
  const std::string slow = folder.copy("hooked_a");
  const std::string resident = folder.copy("basic");
  tenure::manager<tenure::policy::immediate> modules;
  const tenure::module held = modules.open(resident);
  std::thread loader([&] { static_cast<void>(modules.open(slow)); });
  CHECK(entered.wait());
  for (int i = 0; i != 100; ++i) CHECK(modules.open(resident) == held);
  const tenure::weak_module weak = held;
  CHECK(weak.lock() == held);
  CHECK(modules.report().size() == 2);
  go.set();
  loader.join();
}

TEST_CASE("the last release may come from any thread, and the finaliser runs there") {
  std::thread::id finalised_on;
  const tenure_test::hook hook{[&](const std::string&, module_event what) {
    if (what == module_event::finalised) finalised_on = std::this_thread::get_id();
  }};
  const scratch folder;
  const std::string file = folder.copy("hooked_a");
  tenure::manager<tenure::policy::immediate> modules;
  std::thread::id releaser;
  std::thread([m = modules.open(file), &releaser]() mutable {
    releaser = std::this_thread::get_id();
    m.reset();
  }).join();
  CHECK(finalised_on == (tenure_test::loader_unmaps() ? releaser : std::thread::id()));
  CHECK(!is_loaded(modules, file));
}

TEST_CASE("opens and last releases of one file by many threads never make two images of it") {
  census count;
  const scratch folder;
  const std::string file = folder.copy("hooked_a");
  tenure::manager<tenure::policy::immediate> modules;
  std::atomic<int> wrong{0};
  together(4, [&](int) {
    for (int i = 0; i != rounds; ++i) {
      const tenure::module m = modules.open(file);
      if (m.symbol<int()>("answer")() != 42) ++wrong;
    }
  });
  CHECK(wrong == 0);
  CHECK(count.most_alive == 1);
  CHECK(count.alive == left_behind(1));
  CHECK(all_closed(modules.report()));
  CHECK(modules.stats().loads == modules.stats().closes);
}

TEST_CASE("final close against opens: what was opened stays usable, what was not is gone in the end") {
  census count;
  const scratch folder;
  const std::string file = folder.copy("hooked_a");
  tenure::manager<tenure::policy::final_close> modules;
  std::atomic<int> wrong{0};
  together(3, [&](int thread) {
    for (int i = 0; i != rounds; ++i) {
      if (thread == 0) {
        static_cast<void>(modules.final_close());
        continue;
      }
      const tenure::module m = modules.open(file);
      if (m.symbol<int()>("answer")() != 42 || count.alive != 1) ++wrong;
    }
  });
  CHECK(wrong == 0);
  CHECK(all_closed(modules.final_close()));
  CHECK(count.alive == left_behind(1));
  CHECK(!is_loaded(modules, file));
}

TEST_CASE("a weak handle that is locked against a close gives a usable module or nothing") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::final_close> modules;
  std::atomic<int> wrong{0};
  tenure::weak_module weak = modules.open(file);
  together(3, [&](int thread) {
    const tenure::weak_module mine = weak;
    for (int i = 0; i != rounds; ++i) {
      if (thread == 0) static_cast<void>(modules.final_close());
      if (const tenure::module m = mine.lock())
        if (m.symbol<int()>("answer")() != 42) ++wrong;
    }
  });
  CHECK(wrong == 0);
  CHECK(all_closed(modules.final_close()));
  CHECK(!weak.lock());
}

// musl has no lock around initialisers: each thread waits, inside dlopen, for the other one's to end.
TEST_CASE("two modules that open each other from their initialisers, on two threads" *
          doctest::skip(!tenure_test::loader_unmaps())) {
  for (int round = 0; round != 50; ++round) {
    const scratch folder; // files of its own, since initialisers may run once in the life of a process
    const std::string a = folder.copy("hooked_a");
    const std::string b = folder.copy("hooked_b");
    tenure::manager<tenure::policy::immediate> modules;
    tenure::module from_a, from_b;
    const tenure_test::hook hook{[&](const std::string& module, module_event what) {
      if (what != module_event::initialised) return;
      (module == "hooked_a" ? from_a : from_b) = modules.open(module == "hooked_a" ? b : a);
    }};
    tenure::module opened[2];
    together(2, [&](int i) { opened[i] = modules.open(i == 0 ? a : b); });
    CHECK(from_b == opened[0]);
    CHECK(from_a == opened[1]);
    CHECK(modules.stats().resident == 2);
    for (tenure::module* m : {&from_a, &from_b, &opened[0], &opened[1]}) m->reset();
    CHECK(all_closed(modules.report()));
    CHECK(!is_loaded(modules, a));
    CHECK(!is_loaded(modules, b));
  }
}

TEST_CASE("an initialiser's own reference may be let go by another thread at any moment of the load") {
  for (int round = 0; round != 200; ++round) {
    const scratch folder; // as above
    const std::string file = folder.copy("hooked_a");
    tenure::manager<tenure::policy::immediate> modules;
    std::thread other;
    const tenure_test::hook hook{[&](const std::string&, module_event what) {
      if (what == module_event::initialised)
        other = std::thread([own = modules.open(file)]() mutable { own.reset(); });
    }};
    tenure::module m = modules.open(file);
    CHECK(m.symbol<int()>("answer")() == 42);
    m.reset();
    other.join();
    CHECK(all_closed(modules.report()));
    CHECK(!is_loaded(modules, file));
  }
}

TEST_CASE("threads with a manager each share nothing but the system's count") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  std::atomic<int> wrong{0};
  together(4, [&](int) {
    tenure::manager<tenure::policy::immediate> modules;
    for (int i = 0; i != rounds; ++i)
      if (modules.open(file).symbol<int()>("answer")() != 42) ++wrong;
    if (modules.final_close().count(tenure::unload_outcome::busy) != 0) ++wrong;
  });
  CHECK(wrong == 0);
  CHECK(tenure_test::is_gone(file));
}
