// Every call of the system that an operation makes fails once, in turn. Then: the operation has said so or
// has succeeded, the registry's tables agree with each other, whatever is still mapped is told by a report,
// and everything works afterwards.
#include "faults/failing_calls.hpp"
#include "support/invariants.hpp"
#include "support/mapped.hpp"
#include "support/scratch.hpp"
#include "support/system_loader.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <thread>
#include <utility>

using tenure::departure_check;
using tenure::errc;
using tenure_test::scratch;

namespace {

constexpr int enough = 20'000; // calls; no operation comes near

struct files {
  scratch folder;
  std::string a = folder.copy("basic");
  std::string b = folder.copy("second");
};

template <departure_check Check> struct world {
  explicit world(const files& made, const tenure::manager_options& options = {})
      : f(made)
      , modules(options) {}

  const files& f;
  tenure::manager<tenure::policy::final_close, Check> modules;
  tenure::module active = modules.open(f.b);

  // Which calls failed; empty if none was left.
  std::string failed;

  template <class Operation> bool survives(int n, bool silently, Operation&& operation) {
    CAPTURE(n);
    // On a thread of its own, of which nothing is known yet.
    std::thread([&] {
      tenure_test::fail_call(n, silently);
      operation(*this);
      const char* const call = tenure_test::stop_failing_calls();
      failed = call != nullptr ? call : "";
    }).join();
    CAPTURE(failed);
    check_unharmed();
    return !failed.empty();
  }

  void check_unharmed() {
    CHECK(tenure_test::broken_invariants(active) == "");
    CHECK(active.symbol<int()>("answer")() == 42);
    CHECK(modules.open(f.a).template symbol<int()>("answer")() == 42);
    const tenure::unload_report report = modules.final_close();
    CHECK(tenure_test::broken_invariants(active) == "");
    for (const tenure::unload_entry& e : report)
      if (f.a == e.path) CHECK(tenure_test::is_mapped(f.a) == (e.outcome != tenure::unload_outcome::gone));
    // Only who was refused the close itself may leave a reference behind.
    CHECK((!tenure_test::is_mapped(f.a) || failed == "dlclose"));
  }
};

// Every final close here leaves a module in use, and would look in all memory for who holds it.
tenure::manager_options without_search() {
  tenure::manager_options options;
  options.find_cycles = false;
  return options;
}

// With a fresh file each time, since a refused close leaves one mapped. `widening`: of an operation that
// makes the same few calls thousands of times, ever fewer of the later ones.
template <departure_check Check = departure_check::own_stack, class Operation>
std::set<std::string> each_call_fails(Operation&& operation, bool silently = false,
                                      const tenure::manager_options& options = without_search(),
                                      bool widening = false) {
  std::set<std::string> calls;
  for (int n = 1; n < enough; n += widening ? 1 + n / 16 : 1) {
    const files f;
    world<Check> w{f, options};
    if (!w.survives(n, silently, operation)) return calls;
    calls.insert(w.failed);
  }
  FAIL("the operation never succeeds");
  return calls;
}

// What an operation that may fail has to say.
void expect_answer(const tenure::module& m, const tenure::failure& why) {
  CHECK(static_cast<bool>(m) != static_cast<bool>(why));
  if (why) CHECK(std::string(why.what()).size() > 20); // the file, the call and what to do, not a bare number
}

constexpr auto open_file = [](auto& w) {
  tenure::failure why;
  const tenure::module m = w.modules.open(w.f.a, why);
  expect_answer(m, why);
};

constexpr auto close_all = [](auto& w) { static_cast<void>(w.modules.final_close()); };

} // namespace

TEST_CASE("opening a file: each call of the system fails, with words and without") {
  const std::set<std::string> calls = each_call_fails(open_file);
  CHECK(calls.count("dlopen") + calls.count("open64") + calls.count("fstat64") + calls.count("pread64") == 4);
  CHECK(each_call_fails(open_file, true) == calls);
}

TEST_CASE("opening after a trial in a child: each call of the system fails") {
  tenure::manager_options careful;
  careful.check = tenure::file_check::trial;
  const std::set<std::string> calls = each_call_fails(open_file, false, careful);
  CHECK(calls.count("fork") + calls.count("poll") + calls.count("waitpid") + calls.count("pipe") == 4);
}

TEST_CASE("opening by a bare name: each call of the system fails") {
  each_call_fails([](auto& w) {
    w.modules.add_search_path(w.f.folder.folder());
    tenure::failure why;
    const tenure::module m = w.modules.open("basic", why);
    expect_answer(m, why);
  });
}

TEST_CASE("opening a relative path: each call of the system fails") {
  each_call_fails([](auto& w) {
    tenure::failure why;
    CHECK_FALSE(w.modules.open("./no/such/module.so", why));
    CHECK(static_cast<bool>(why));
  });
}

TEST_CASE("looking up a symbol, present and absent: each call of the system fails") {
  each_call_fails([](auto& w) {
    tenure::failure why;
    if (const auto answer = w.active.template symbol<int()>("answer", why)) CHECK(answer() == 42);
    tenure::failure absent;
    CHECK_FALSE(w.active.template symbol<int()>("absent", absent));
    CHECK(static_cast<bool>(absent));
  });
}

TEST_CASE("adopting: each call of the system fails; then the handle stays the caller's") {
  each_call_fails([](auto& w) {
    void* const handle = tenure_test::raw_open(w.f.a);
    if (handle == nullptr) return; // it was the test's own call that failed
    tenure::failure why;
    const tenure::module m = w.modules.adopt(handle, why);
    expect_answer(m, why);
    if (!m) tenure_test::raw_close(handle);
  });
}

TEST_CASE("asking for the module at an address: each call of the system fails") {
  each_call_fails([](auto& w) {
    tenure::failure why;
    const auto answer = w.active.template symbol<int()>("answer", why);
    if (!answer) return;
    const tenure::module m = w.modules.containing(reinterpret_cast<const void*>(answer.get()), why);
    expect_answer(m, why);
  });
}

TEST_CASE("the final close: each call of the system fails, at each level of checks") {
  const auto opened_and_closed = [](auto& w) {
    tenure::failure why;
    static_cast<void>(w.modules.open(w.f.a, why));
    close_all(w);
  };
  CHECK(each_call_fails<departure_check::none>(opened_and_closed).count("dlclose") == 1);
  CHECK(each_call_fails<departure_check::own_stack>(opened_and_closed).count("pthread_getattr_np") == 1);
  CHECK(each_call_fails<departure_check::threads>(opened_and_closed).count("syscall") == 1);
}

TEST_CASE("the search for modules that hold each other: calls of the system fail") {
  const std::set<std::string> calls = each_call_fails(close_all, false, {}, true);
  CHECK(calls.count("process_vm_readv") == 1);
}

TEST_CASE("a close that the system refuses is told in the system's words, and the module as still mapped") {
  const files f;
  world<departure_check::none> w{f};
  tenure::unload_report report;
  std::string failed;
  for (int n = 1; n != enough && failed != "dlclose"; ++n) {
    static_cast<void>(w.modules.open(f.a));
    tenure_test::fail_call(n);
    report = w.modules.final_close();
    const char* const call = tenure_test::stop_failing_calls();
    REQUIRE(call != nullptr);
    failed = call;
  }
  for (const tenure::unload_entry& e : report) {
    if (f.a != e.path) continue;
    CHECK(e.outcome == tenure::unload_outcome::lingering);
    CHECK(std::string(e.detail) == "dlclose: refused by the test");
  }
  CHECK(tenure_test::is_mapped(f.a));
  CHECK(report.size() == 2);
}
